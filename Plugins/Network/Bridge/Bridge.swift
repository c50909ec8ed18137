import Netlink

/// The host's side of the network, as it is.
struct Bridge: Sendable, Hashable {
    let name: String
    let index: UInt32
    /// The address that containers send to when they send to the gateway.
    let mac: MACAddress
    let mtu: UInt32
    let subnet: IPPrefix
    /// Nil: the network has no version 6.
    let subnet6: IPPrefix?

    /// The networks that there are.
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
        return 2...UInt32(count - 2)
    }

    /// The number of an address; nil when it is none of this network.
    func host(_ address: IPAddress) -> UInt32? {
        guard let subnet = subnets.first(where: { $0.contains(address) }) else { return nil }
        let distance = zip(address.bytes, subnet.network.address.bytes).reduce(UInt128(0)) { sum, pair in
            sum << 8 | UInt128(pair.0 ^ pair.1)
        }
        return UInt32(exactly: distance).flatMap { hosts.contains($0) ? $0 : nil }
    }
}
