internal import CNetlink

extension Ruleset {
    /// A set, a map, or a map of verdicts.
    public struct Map: Sendable, Hashable {
        public enum Value: Sendable, Hashable {
            /// Only keys: a set.
            case none
            case fields([FieldType])
            case verdict
        }

        public var name: String
        /// More than one is a concatenation.
        public var key: [FieldType]
        public var value: Value
        /// Keys may be ranges. With a concatenated key they need Linux 5.6.
        public var hasIntervals: Bool
        public var elements: [Element]

        public init(
            _ name: String, key: [FieldType], value: Value = .none, hasIntervals: Bool = false, elements: [Element] = []
        ) {
            (self.name, self.key, self.value) = (name, key, value)
            (self.hasIntervals, self.elements) = (hasIntervals, elements)
        }
    }

    public struct Element: Sendable, Hashable {
        public enum Value: Sendable, Hashable {
            case none
            case fields([Field])
            case verdict(Verdict)
        }

        public var key: [Field]
        /// The last key of a range, which belongs to it; nil for one key.
        public var last: [Field]?
        public var value: Value

        public init(_ key: [Field], through last: [Field]? = nil, _ value: Value = .none) {
            (self.key, self.last, self.value) = (key, last, value)
        }

        /// Every address of a network.
        public init(_ prefix: IPPrefix, _ value: Value = .none) {
            self.init([.address(prefix.network.address)], through: [.address(prefix.last)], value)
        }
    }

    /// What a part of a key or value is; raw values are the numbers by which `nft` knows the type.
    public enum FieldType: UInt32, Sendable, Hashable {
        case number = 4
        case ipv4 = 7
        case ipv6 = 8
        case transport = 12
        case port = 13
        case mark = 19
        case linkGroup = 35
        case linkName = 41

        /// Bytes without padding.
        public var size: Int {
            switch self {
            case .transport: 1
            case .port: 2
            case .number, .ipv4, .mark, .linkGroup: 4
            case .ipv6, .linkName: 16
            }
        }

        /// Bytes in a register: a multiple of four.
        var paddedSize: Int { (size + 3) & ~3 }

        public var name: String {
            switch self {
            case .number: "integer"
            case .ipv4: "ipv4_addr"
            case .ipv6: "ipv6_addr"
            case .transport: "inet_proto"
            case .port: "inet_service"
            case .mark: "mark"
            case .linkGroup: "devgroup"
            case .linkName: "ifname"
            }
        }
    }

    /// A part of a key or value.
    public enum Field: Sendable, Hashable {
        case address(IPAddress)
        case port(UInt16)
        case transport(Transport)
        case linkName(String)
        case mark(UInt32)
        case linkGroup(UInt32)
        /// A plain number, as `numgen` makes.
        case number(UInt32)
    }

    /// `IPPROTO_*`
    public enum Transport: UInt8, Sendable, Hashable {
        case icmp = 1
        case tcp = 6
        case udp = 17
        case icmp6 = 58
        case sctp = 132
    }
}

extension Ruleset.Field {
    /// As the kernel has it in a register, padded to a multiple of four.
    var bytes: [UInt8] {
        let plain = content
        return plain + Array(repeating: 0, count: (4 - plain.count % 4) % 4)
    }

    /// Without padding.
    var content: [UInt8] {
        switch self {
        case .address(let address): address.bytes
        case .port(let port): [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        case .transport(let transport): [transport.rawValue]
        case .linkName(let name): Array((Array(name.utf8.prefix(15)) + Array(repeating: 0, count: 16)).prefix(16))
        case .mark(let number), .number(let number), .linkGroup(let number): number.nativeBytes
        }
    }

    /// Reads back what ``bytes`` made; nil when that can't be of this type.
    init?(_ type: Ruleset.FieldType, _ bytes: ArraySlice<UInt8>) {
        let content = bytes.prefix(type.size)
        switch type {
        case .number: self = .number(content.load(UInt32.self) ?? 0)
        case .mark: self = .mark(content.load(UInt32.self) ?? 0)
        case .linkGroup: self = .linkGroup(content.load(UInt32.self) ?? 0)
        case .port: self = .port(UInt16(bigEndian: content.load(UInt16.self) ?? 0))
        case .linkName: self = .linkName(String(decoding: content.prefix { $0 != 0 }, as: UTF8.self))
        case .ipv4, .ipv6:
            guard let address = IPAddress(bytes: content) else { return nil }
            self = .address(address)
        case .transport:
            guard let transport = content.first.flatMap(Ruleset.Transport.init(rawValue:)) else { return nil }
            self = .transport(transport)
        }
    }

    static func fields(_ types: [Ruleset.FieldType], _ bytes: ArraySlice<UInt8>) -> [Ruleset.Field]? {
        guard bytes.count >= types.reduce(0, { $0 + $1.size }) else { return nil }
        var (rest, fields) = (bytes, [Ruleset.Field]())
        for type in types {
            guard let field = Ruleset.Field(type, rest) else { return nil }
            fields.append(field)
            rest = rest.dropFirst(type.paddedSize)
        }
        return fields
    }
}

extension UInt32 {
    /// In the machine's order.
    var nativeBytes: [UInt8] {
        // A number of this frame, read as its bytes.
        unsafe withUnsafeBytes(of: self) { unsafe Array($0) }
    }
}
