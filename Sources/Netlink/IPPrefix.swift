/// An address and how many of its bits name the network: `10.88.0.1/16`.
public struct IPPrefix: Sendable, Hashable {
    /// As given: bits behind the length are kept, for an interface has such an address.
    public let address: IPAddress
    public let length: Int

    /// Nil when the family has fewer bits than `length`, or it is negative.
    public init?(_ address: IPAddress, length: Int) {
        guard (0...address.family.bits).contains(length) else { return nil }
        self.init(address: address, length: length)
    }

    private init(address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }

    /// Reads `10.88.0.0/16`; nil for anything else, also for an address without a length.
    public init?(_ text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")), let address = IPAddress(String(text[..<slash])),
            let length = Digits.decimal(text.utf8[text.utf8.index(after: slash)...], atMost: 128)
        else { return nil }
        self.init(address, length: length)
    }

    /// One address alone.
    public static func single(_ address: IPAddress) -> IPPrefix {
        IPPrefix(address: address, length: address.family.bits)
    }

    /// Everything: the destination of a default route.
    public static func everything(_ family: IPAddress.Family) -> IPPrefix {
        IPPrefix(address: .any(family), length: 0)
    }

    public var family: IPAddress.Family { address.family }

    /// The same network with nothing behind its bits.
    public var network: IPPrefix {
        IPPrefix(address: IPAddress(family, number: address.number & mask), length: length)
    }

    /// The last address.
    public var last: IPAddress { IPAddress(family, number: address.number | hostMask) }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.number & mask == address.number & mask
    }

    /// Whether some address is in both.
    public func overlaps(_ other: IPPrefix) -> Bool {
        length <= other.length ? contains(other.address) : other.contains(address)
    }

    /// The address at a distance from the network's first; nil when it is not in it.
    public func address(at distance: UInt128) -> IPAddress? {
        guard distance <= hostMask else { return nil }
        return IPAddress(family, number: address.number & mask | distance)
    }

    private var hostMask: UInt128 {
        let bits = family.bits - length
        return bits == 128 ? .max : (1 << UInt128(bits)) - 1
    }

    private var mask: UInt128 { ~hostMask }

    /// The bits of the network as bytes.
    var maskBytes: [UInt8] { IPAddress(family, number: mask).bytes }
}

extension IPPrefix: CustomStringConvertible {
    public var description: String { "\(address)/\(length)" }
}
