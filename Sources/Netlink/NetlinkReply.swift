internal import CNetlink

/// What the kernel sent: one message without its header.
public struct NetlinkReply: Sendable {
    public let type: UInt16
    let flags: UInt16
    let sequence: UInt32
    /// The header of the family and the attributes.
    let payload: ArraySlice<UInt8>

    /// Cuts the first message off; nil at the end, and for what is shorter than it says.
    init?(taking bytes: inout ArraySlice<UInt8>) {
        guard let head = bytes.load(nlmsghdr.self), head.nlmsg_len >= NetlinkMessage.headerSize,
            Int(head.nlmsg_len) <= bytes.count
        else { return nil }
        (type, flags, sequence) = (head.nlmsg_type, head.nlmsg_flags, head.nlmsg_seq)
        payload = bytes.dropFirst(NetlinkMessage.headerSize).prefix(Int(head.nlmsg_len) - NetlinkMessage.headerSize)
        bytes = bytes.dropFirst((Int(head.nlmsg_len) + 3) & ~3)
    }

    static func all(in bytes: [UInt8]) -> [NetlinkReply] {
        var (rest, replies) = (bytes[...], [NetlinkReply]())
        while let reply = NetlinkReply(taking: &rest) { replies.append(reply) }
        return replies
    }

    /// The family's header and what comes behind it; nil when it is cut short.
    func parts<Header: BitwiseCopyable>(_ type: Header.Type) -> (header: Header, attributes: Attributes)? {
        guard let header = payload.load(type) else { return nil }
        return (header, Attributes(payload.dropFirst((MemoryLayout<Header>.size + 3) & ~3)))
    }
}

/// Attributes that the kernel sent.
public struct Attributes: Sendable, Sequence {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// The content of the first attribute of that name.
    subscript(attribute: Attribute) -> ArraySlice<UInt8>? { first { $0.attribute == attribute }?.content }

    /// Attributes inside an attribute; none when it is not there.
    func nested(_ attribute: Attribute) -> Attributes { Attributes(self[attribute] ?? []) }

    func value<Value: BitwiseCopyable>(_ attribute: Attribute, as type: Value.Type) -> Value? {
        self[attribute]?.load(type)
    }

    /// A number in the network's byte order.
    func network<Number: FixedWidthInteger & BitwiseCopyable>(_ attribute: Attribute, as type: Number.Type) -> Number? {
        value(attribute, as: type).map(Number.init(bigEndian:))
    }

    /// A text up to its NUL.
    func text(_ attribute: Attribute) -> String? {
        self[attribute].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    func address(_ attribute: Attribute) -> IPAddress? { self[attribute].flatMap { IPAddress(bytes: $0) } }

    public func makeIterator() -> Iterator { Iterator(rest: bytes) }

    public struct Iterator: IteratorProtocol {
        var rest: ArraySlice<UInt8>

        /// Ends at what is shorter than it says.
        public mutating func next() -> (attribute: Attribute, content: ArraySlice<UInt8>)? {
            guard let head = rest.load(nlattr.self), head.nla_len >= 4, Int(head.nla_len) <= rest.count else {
                return nil
            }
            let content = rest.dropFirst(4).prefix(Int(head.nla_len) - 4)
            rest = rest.dropFirst((Int(head.nla_len) + 3) & ~3)
            // The two upper bits are NLA_F_NESTED and NLA_F_NET_BYTEORDER.
            return (Attribute(rawValue: head.nla_type & 0x3FFF), content)
        }
    }
}

extension ArraySlice<UInt8> {
    /// The value at the beginning, wherever that is in memory; nil when there are fewer bytes.
    func load<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
        guard count >= MemoryLayout<Value>.size else { return nil }
        // Enough bytes are there, and every pattern of bits is a value of the C structures and numbers that are read.
        return unsafe withUnsafeBytes { unsafe $0.loadUnaligned(as: type) }
    }
}
