public import Model
public import Netlink

/// Which addresses a network has for its containers. They are counted from the network's own; a container has the same
/// number in each subnet, unless it asks for another.
public struct AddressPlan: Sendable, Hashable {
    public let network: NetworkName
    /// One of each version at the most, that of version 4 first.
    public let subnets: [IPPrefix]
    /// The part of the first subnet that addresses are chosen from; nil: all of it.
    public let range: IPPrefix?
    /// The lowest number that a container can have.
    public let first: UInt32

    public init(network: NetworkName, subnets: [IPPrefix], range: IPPrefix?, first: UInt32) {
        (self.network, self.subnets, self.range, self.first) = (network, subnets, range, first)
    }

    /// The numbers that are chosen from, 65533 at the most. The last of version 4 is all of them's.
    public var hosts: ClosedRange<UInt32> {
        guard let subnet = subnets.first else { return first...first }
        let lowest = max(first, range.flatMap { number($0.address) } ?? 0)
        let highest = min(Self.last(of: subnet), range.map { number($0.last) ?? .max } ?? .max)
        return lowest...max(lowest, min(highest, UInt32(clamping: UInt64(lowest) + 65532)))
    }

    /// The number of an address that a container can ask for; nil when it can't have that one.
    public func host(_ address: IPAddress) -> UInt32? {
        guard let subnet = subnet(with: address), let number = number(address) else { return nil }
        return number >= first && number <= Self.last(of: subnet) ? number : nil
    }

    /// The addresses with a number, each with the length of its network.
    public func addresses(ofHost number: UInt32) -> [IPPrefix] {
        subnets.compactMap { address($0.family, ofHost: number) }
    }

    /// The address of a family with a number, with the length of its network.
    public func address(_ family: IPAddress.Family, ofHost number: UInt32) -> IPPrefix? {
        subnets.first { $0.family == family }.flatMap { subnet in
            subnet.address(at: UInt128(number)).flatMap { IPPrefix($0, length: subnet.length) }
        }
    }

    private func subnet(with address: IPAddress) -> IPPrefix? { subnets.first { $0.contains(address) } }

    private static func last(of subnet: IPPrefix) -> UInt32 {
        let bits = UInt64(min(32, subnet.family.bits - subnet.length))
        return UInt32(clamping: UInt64(1) << bits - (subnet.family == .v4 ? 2 : 1))
    }

    /// Counted from the network's own address; nil when it is none of this network, or far in one of version 6.
    private func number(_ address: IPAddress) -> UInt32? {
        guard let subnet = subnet(with: address) else { return nil }
        let distance = zip(address.bytes, subnet.network.address.bytes).reduce(UInt128(0)) { sum, pair in
            sum << 8 | UInt128(pair.0 ^ pair.1)
        }
        return UInt32(exactly: distance)
    }
}
