internal import CNetlink
public import Linux

/// Why the kernel refused a request.
public struct NetlinkError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried, such as `adding the link "davit0"`.
    public let purpose: String
    public let code: Errno
    /// The kernel's own words, when it had some (`NLMSGERR_ATTR_MSG`, Linux 4.12).
    public var explanation: String?
    /// The attribute that was refused, from the outside inwards (`NLMSGERR_ATTR_OFFS`).
    public var attribute: [Attribute] = []
    /// The attribute that was not there (`NLMSGERR_ATTR_MISS_TYPE`, Linux 6.1).
    public var missing: Attribute?

    public init(_ purpose: String, _ code: Errno) { (self.purpose, self.code) = (purpose, code) }

    /// One line: `adding the link "davit0": EEXIST (File exists): the kernel's words [attribute 18.1]`.
    public var description: String {
        var text = "\(purpose): \(code)"
        if let explanation { text += ": \(explanation)" }
        if !attribute.isEmpty { text += " [attribute \(attribute.map { "\($0.rawValue)" }.joined(separator: "."))]" }
        if let missing { text += " [attribute \(missing.rawValue) is missing]" }
        return text
    }
}

extension NetlinkError {
    /// Reads an acknowledgement, `struct nlmsgerr` or the end of a dump; nil when it says that all is well.
    init?(_ reply: NetlinkReply, to request: NetlinkMessage) {
        guard let number = reply.payload.load(Int32.self), number != 0 else { return nil }
        self.init(request.purpose, Errno(rawValue: 0 &- number))
        // NLM_F_ACK_TLVS: without it nothing more is said.
        guard reply.flags & 0x200 != 0 else { return }
        // The request is not repeated, but for its header (NETLINK_CAP_ACK). A dump ends with the number alone.
        let isDump = reply.type == UInt16(NLMSG_DONE)
        let said = Attributes(reply.payload.dropFirst(4 + (isDump ? 0 : NetlinkMessage.headerSize)))
        explanation = said.text(.errorText)
        missing = said.value(.errorMissing, as: UInt32.self).map { Attribute(rawValue: UInt16(truncatingIfNeeded: $0)) }
        if let offset = said.value(.errorOffset, as: UInt32.self) { attribute = request.path(toOffset: Int(offset)) }
    }
}

extension Attribute {
    static var errorText: Self { Self(NLMSGERR_ATTR_MSG) }
    static var errorOffset: Self { Self(NLMSGERR_ATTR_OFFS) }
    static var errorMissing: Self { Self(NLMSGERR_ATTR_MISS_TYPE) }
}

extension NetlinkMessage {
    /// The attributes around a byte of the message, the outermost first.
    func path(toOffset offset: Int) -> [Attribute] {
        let all = bytes(sequence: 0)
        guard offset >= Self.headerSize + familySize else { return [] }
        var (rest, path) = (all.dropFirst(Self.headerSize + familySize), [Attribute]())
        while let head = rest.load(nlattr.self), head.nla_len >= 4, rest.startIndex <= offset {
            let end = rest.startIndex + Int(head.nla_len)
            guard offset < end, end <= all.endIndex else {
                rest = rest.dropFirst((Int(head.nla_len) + 3) & ~3)
                continue
            }
            path.append(Attribute(rawValue: head.nla_type & 0x3FFF))
            guard head.nla_type & UInt16(NLA_F_NESTED) != 0, rest.startIndex < offset else { break }
            rest = all[(rest.startIndex + 4)..<end]
        }
        return path
    }
}
