import Model
import Netlink

/// The host's side of a network, as it is.
struct Bridge: Sendable, Hashable {
    let network: NetworkName
    /// The link's name.
    let name: String
    let index: UInt32
    /// The address that containers send to when they send to the gateway.
    let mac: MACAddress
    let mtu: UInt32
    let subnet: IPPrefix
    /// Nil: the network has no version 6.
    let subnet6: IPPrefix?
    /// The part of `subnet` that addresses are chosen from; nil: all of it.
    let range: IPPrefix?
    /// No way out, and no port into it.
    let isInternal: Bool
    /// Containers don't reach each other.
    let isIsolating: Bool
    /// The number that the network's links share; rules know the network by it.
    let group: UInt32

    var subnets: [IPPrefix] { [subnet] + (subnet6.map { [$0] } ?? []) }

    /// The host's addresses on the bridge: the first of each network, with its length.
    var gateways: [IPPrefix] { addresses(ofHost: 1) }

    /// The addresses of the host with a number, each with the length of its network.
    func addresses(ofHost number: UInt32) -> [IPPrefix] {
        subnets.compactMap { subnet in
            subnet.address(at: UInt128(number)).flatMap { IPPrefix($0, length: subnet.length) }
        }
    }

    /// The numbers that containers can have. The first is the network's, the second the host's, the last all of them's;
    /// version 6 has room for as many in any network that the settings let through.
    var hosts: ClosedRange<UInt32> {
        let count = UInt64(1) << UInt64(min(16, 32 - subnet.length))
        let all = 2...UInt32(count - 2)
        guard let range, let first = number(range.network.address), let last = number(range.last) else { return all }
        return (max(first, 2)...max(last, first, 2)).clamped(to: all)
    }

    /// The number of an address that a container can ask for; nil when it can't have that one.
    func host(_ address: IPAddress) -> UInt32? {
        guard let number = number(address) else { return nil }
        let last = address.family == .v4 ? UInt32((UInt64(1) << UInt64(32 - subnet.length)) - 2) : UInt32.max
        return (2...last).contains(number) ? number : nil
    }

    /// Counted from the network's own address; nil when it is none of this network, or far in one of version 6.
    private func number(_ address: IPAddress) -> UInt32? {
        guard let subnet = subnets.first(where: { $0.contains(address) }) else { return nil }
        let distance = zip(address.bytes, subnet.network.address.bytes).reduce(UInt128(0)) { sum, pair in
            sum << 8 | UInt128(pair.0 ^ pair.1)
        }
        return UInt32(exactly: distance)
    }

    /// The address of a family with a number, with the length of its network.
    func address(_ family: IPAddress.Family, ofHost number: UInt32) -> IPPrefix? {
        subnets.first { $0.family == family }.flatMap { subnet in
            subnet.address(at: UInt128(number)).flatMap { IPPrefix($0, length: subnet.length) }
        }
    }
}
