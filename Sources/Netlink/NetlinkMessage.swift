internal import CNetlink

/// The number of an attribute, as the kernel's headers name it; which names mean something depends on the place.
public struct Attribute: Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ number: Int) { rawValue = UInt16(truncatingIfNeeded: number) }
    init(_ name: some RawRepresentable<UInt32>) { rawValue = UInt16(truncatingIfNeeded: name.rawValue) }
}

/// A request to the kernel: a header, the header of a family, attributes.
///
/// Lengths and padding are written in one place, ``field(_:_:)``; the sequence number comes when it is sent.
public struct NetlinkMessage: Sendable {
    /// `NLM_F_*`
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let request = Flags(rawValue: 0x1)
        public static let acknowledge = Flags(rawValue: 0x4)
        public static let dump: Flags = [Flags(rawValue: 0x300)]
        public static let replace = Flags(rawValue: 0x100)
        public static let exclusive = Flags(rawValue: 0x200)
        public static let create = Flags(rawValue: 0x400)
        public static let append = Flags(rawValue: 0x800)
    }

    /// What it is for, in words that follow "failed:", such as `adding the link "davit0"`.
    public let purpose: String
    public private(set) var flags: Flags
    /// Some attribute was longer than the 65535 bytes that its length can tell. Such a message is not sent.
    private(set) var isTooLong = false
    private var body: [UInt8] = []
    private let type: UInt16
    /// How many bytes the header of the family has, with its padding.
    let familySize: Int

    /// `struct nlmsghdr` has 16 bytes.
    static let headerSize = MemoryLayout<nlmsghdr>.size

    init<Header: BitwiseCopyable>(
        _ type: UInt16, _ flags: Flags = [], header: Header, purpose: String,
        _ fill: (inout NetlinkMessage) -> Void = { _ in }
    ) {
        self.type = type
        self.flags = flags.union(.request)
        self.purpose = purpose
        familySize = (MemoryLayout<Header>.size + 3) & ~3
        append(header)
        pad()
        fill(&self)
    }

    /// The same, with the wish for an answer in any case.
    var acknowledged: NetlinkMessage {
        var message = self
        message.flags.insert(.acknowledge)
        return message
    }

    /// The message as it is sent.
    func bytes(sequence: UInt32, asking more: Flags = []) -> [UInt8] {
        let head = nlmsghdr(
            nlmsg_len: UInt32(Self.headerSize + body.count), nlmsg_type: type, nlmsg_flags: flags.union(more).rawValue,
            nlmsg_seq: sequence, nlmsg_pid: 0)
        // The header is a value of this frame, read as the bytes it has.
        return unsafe withUnsafeBytes(of: head) { unsafe Array($0) } + body
    }
}

extension NetlinkMessage {
    /// An attribute of bytes.
    public mutating func put(_ attribute: Attribute, _ bytes: [UInt8]) {
        field(attribute.rawValue) { $0.body += bytes }
    }

    /// A text with its NUL.
    public mutating func put(_ attribute: Attribute, _ text: String) {
        field(attribute.rawValue) { message in
            message.body += text.utf8
            message.body.append(0)
        }
    }

    /// A number, or another value that has no pointers, in the machine's byte order.
    public mutating func put<Value: BitwiseCopyable>(_ attribute: Attribute, value: Value) {
        field(attribute.rawValue) { $0.append(value) }
    }

    /// A number in the network's byte order.
    public mutating func put(_ attribute: Attribute, network value: some FixedWidthInteger & BitwiseCopyable) {
        put(attribute, value: value.bigEndian)
    }

    public mutating func put(_ attribute: Attribute, _ address: IPAddress) { put(attribute, address.bytes) }

    /// A presence that says all.
    public mutating func flag(_ attribute: Attribute) { field(attribute.rawValue) { _ in } }

    /// Attributes inside an attribute. `NLA_F_NESTED` says so to the kernel.
    public mutating func nest(_ attribute: Attribute, _ fill: (inout NetlinkMessage) -> Void) {
        field(attribute.rawValue | UInt16(NLA_F_NESTED), fill)
    }

    /// A structure that stands before nested attributes.
    mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        // The value has no pointers and lives in this frame while its bytes are copied.
        unsafe withUnsafeBytes(of: value) { bytes in unsafe body.append(contentsOf: bytes) }
    }

    /// `struct nlattr`, then what `fill` adds, then zeros to a multiple of four.
    private mutating func field(_ type: UInt16, _ fill: (inout NetlinkMessage) -> Void) {
        let start = body.count
        append(UInt16(0))
        append(type)
        fill(&self)
        setLength(UInt16(clamping: body.count - start), at: start)
        if body.count - start > UInt16.max { isTooLong = true }
        pad()
    }

    private mutating func setLength(_ length: UInt16, at start: Int) {
        // As above.
        unsafe withUnsafeBytes(of: length) { bytes in
            for index in bytes.indices { body[start + index] = unsafe bytes[index] }
        }
    }

    private mutating func pad() {
        while body.count % 4 != 0 { body.append(0) }
    }
}
