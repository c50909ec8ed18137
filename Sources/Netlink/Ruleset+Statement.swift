extension Ruleset {
    /// A step of a rule. Nothing is put in silently: `ip daddr` in an `inet` table wants ``Operand/networkProtocol`` first,
    /// and a port to translate to wants ``Operand/transport``.
    public enum Statement: Sendable, Hashable {
        case match(Operand, Constant, inverted: Bool = false)
        /// The operands together are a key of a set, or with `inverted` are not.
        case isIn([Operand], set: String, inverted: Bool = false)
        case verdict(Verdict)
        /// Drops it and tells the sender: `ICMP_PKT_FILTERED`, administratively prohibited, in both versions.
        case reject
        /// Drops a packet of TCP, which ``Operand/transport`` must have said it is, and ends the connection for the sender.
        case reset
        /// The verdict that a map has for the operands; goes on when it has none.
        case verdictMap([Operand], map: String)
        case destination(Translation, TranslationFlags = [])
        case source(Translation, TranslationFlags = [])
        /// The source becomes the address of the link by which the packet leaves.
        case masquerade(TranslationFlags = [])
        case counter
        case log(prefix: String)
        case setMark(UInt32)
    }

    /// Where a packet is sent instead.
    public enum Translation: Sendable, Hashable {
        case to(IPAddress, port: UInt16? = nil)
        /// What a map has for the operands: an address, and with `hasPort` a port. No entry: the rule ends here.
        case map(IPAddress.Family, hasPort: Bool, [Operand], name: String)
    }

    /// `NF_NAT_RANGE_*`
    public struct TranslationFlags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let random = TranslationFlags(rawValue: 4)
        public static let persistent = TranslationFlags(rawValue: 8)
        public static let fullyRandom = TranslationFlags(rawValue: 16)
    }

    /// What of a packet is looked at.
    public indirect enum Operand: Sendable, Hashable {
        case inputName, outputName
        /// The number that a link shares with others (``LinkSettings/group``).
        case inputGroup, outputGroup
        case mark
        case networkProtocol, transport
        /// Of the header of version 4 or 6.
        case source(IPAddress.Family), destination(IPAddress.Family)
        /// The header of TCP, UDP or SCTP begins with both.
        case sourcePort, destinationPort
        /// What the destination is for this host, such as one of its own addresses (`fib daddr type`).
        case destinationType
        case connectionState
        /// What was done to the connection, such as a new destination (`ct status`).
        case connectionStatus
        /// 0, 1, ... below a modulus, one after the other or at random (`numgen`).
        case counting(below: UInt32), random(below: UInt32)
        /// A hash of operands, below a modulus (`jhash`).
        case hash([Operand], below: UInt32)
    }

    public enum Constant: Sendable, Hashable {
        case field(Field)
        case prefix(IPPrefix)
        case networkProtocol(IPAddress.Family)
        case type(AddressType)
        /// Any of these.
        case states(ConnectionState)
        /// Any of these.
        case statuses(ConnectionStatus)
    }

    /// `RTN_*`
    public enum AddressType: UInt32, Sendable { case unicast = 1, local, broadcast, anycast, multicast }

    /// `NF_CT_STATE_BIT`
    public struct ConnectionState: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let invalid = ConnectionState(rawValue: 1)
        public static let established = ConnectionState(rawValue: 2)
        public static let related = ConnectionState(rawValue: 4)
        public static let new = ConnectionState(rawValue: 8)
    }

    /// `IPS_*`
    public struct ConnectionStatus: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let sourceTranslated = ConnectionStatus(rawValue: 0x10)
        public static let destinationTranslated = ConnectionStatus(rawValue: 0x20)
    }
}

extension Ruleset.Operand {
    /// Bytes without padding.
    var size: Int {
        switch self {
        case .networkProtocol, .transport: 1
        case .sourcePort, .destinationPort: 2
        case .inputName, .outputName: 16
        case .source(let family), .destination(let family): family.bits / 8
        case .inputGroup, .outputGroup: 4
        case .mark, .destinationType, .connectionState, .connectionStatus, .counting, .random, .hash: 4
        }
    }
}

extension Ruleset.Constant {
    var bytes: [UInt8] {
        switch self {
        case .field(let field): field.content
        case .prefix(let prefix): prefix.network.address.bytes
        case .networkProtocol(let family): [family.number]
        case .type(let type): type.rawValue.nativeBytes
        case .states(let states): states.rawValue.nativeBytes
        case .statuses(let statuses): statuses.rawValue.nativeBytes
        }
    }
}
