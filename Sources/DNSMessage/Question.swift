internal import CLdns

/// The one question of a query.
public struct Question: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case a, aaaa, ptr, any, other }

    /// As sent, with its last dot.
    public var name: String
    public var kind: Kind
    /// Whether the class is IN and the operation QUERY.
    public var isOrdinary: Bool
    /// What a reply by UDP may have, in bytes: 512 to 4096.
    public var datagramLimit: Int

    /// Nil for what is no query with one question.
    public init?(_ bytes: [UInt8]) {
        var raw = davit_dns_question()
        // libldns reads `bytes.count` bytes; the shim fills the struct or refuses.
        guard Message.isPlain(bytes), unsafe davit_dns_parse(bytes, bytes.count, &raw) == 0, raw.response == 0,
            Message.questionBytes(of: bytes) != nil
        else { return nil }
        // The shim ends the name with a NUL inside the array.
        name = unsafe withUnsafeBytes(of: &raw.name) { text in
            unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        kind = Self.kinds[raw.type] ?? .other
        isOrdinary = raw.cls == 1 && raw.opcode == 0
        datagramLimit = min(max(Int(raw.udp_size), 512), 4096)
    }

    /// An ordinary one.
    public init(name: String, kind: Kind) {
        (self.name, self.kind, isOrdinary, datagramLimit) = (name, kind, true, 512)
    }

    private static let kinds: [UInt16: Kind] = [1: .a, 28: .aaaa, 12: .ptr, 255: .any]
}
