/// An address of version 4 or 6, without a zone.
public enum IPAddress: Sendable, Hashable {
    /// As a number: 127.0.0.1 is 0x7F00_0001.
    case v4(UInt32)
    case v6(UInt128)

    public enum Family: Sendable, Hashable, CaseIterable {
        case v4, v6

        /// AF_INET, AF_INET6; NFPROTO_IPV4 and NFPROTO_IPV6 are the same numbers.
        var number: UInt8 { self == .v4 ? 2 : 10 }
        /// How many bits an address has.
        public var bits: Int { self == .v4 ? 32 : 128 }

        init?(number: UInt8) {
            switch number {
            case 2: self = .v4
            case 10: self = .v6
            default: return nil
            }
        }
    }

    /// Nil unless there are 4 or 16 bytes, in the network's order.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: self = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }

    /// 0.0.0.0 or ::
    public static func any(_ family: Family) -> IPAddress { family == .v4 ? .v4(0) : .v6(0) }

    public var family: Family {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// 4 or 16 bytes in the network's order.
    public var bytes: [UInt8] {
        let value = number
        return stride(from: family.bits - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt128($0)) }
    }

    public var isLoopback: Bool {
        switch self {
        case .v4(let value): value >> 24 == 127
        case .v6(let value): value == 1
        }
    }

    /// 224.0.0.0/4 or ff00::/8
    public var isMulticast: Bool {
        switch self {
        case .v4(let value): value >> 28 == 14
        case .v6(let value): value >> 120 == 255
        }
    }

    /// 169.254.0.0/16 or fe80::/10
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let value): value >> 16 == 0xA9FE
        case .v6(let value): value >> 118 == 0x3FA
        }
    }

    /// The group that hears who searches for the address: ff02::1:ff and its last 24 bits (RFC 4291). Nil for version 4,
    /// where everybody hears that.
    public var searchGroup: IPAddress? {
        guard case .v6(let value) = self else { return nil }
        return .v6(0xFF02_0000_0000_0000_0000_0001_FF00_0000 | value & 0xFF_FFFF)
    }

    var number: UInt128 {
        switch self {
        case .v4(let value): UInt128(value)
        case .v6(let value): value
        }
    }

    /// Bits above the family's are cut off.
    init(_ family: Family, number: UInt128) {
        self = family == .v4 ? .v4(UInt32(truncatingIfNeeded: number)) : .v6(number)
    }
}
