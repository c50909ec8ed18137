internal import CLdns

/// The wire format of queries and their replies (RFC 1035), by libldns. Bytes of anybody never trap.
public enum Message {
    /// What a message can have at most over TCP.
    public static let largest = 65535

    /// The bytes of the first question, which begins after the head of 12 bytes; nil when it is cut off or compressed.
    public static func questionBytes(of bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var place = 12
        while place < bytes.count, bytes[place] != 0 {
            guard bytes[place] < 64 else { return nil }
            place += Int(bytes[place]) + 1
        }
        // The root's byte, type, class.
        guard place + 5 <= bytes.count else { return nil }
        return bytes[12..<place + 5]
    }

    /// Whether a message is a reply to a query: id and question are the same, the question's case aside.
    public static func isReply(_ reply: [UInt8], to query: [UInt8]) -> Bool {
        guard reply.count > 12, reply[2] & 0x80 != 0, reply.starts(with: query.prefix(2)),
            let asked = questionBytes(of: query), let answered = questionBytes(of: reply)
        else { return false }
        return asked.map(lowercase) == answered.map(lowercase)
    }

    /// Whether a reply says that this server would not or could not help: SERVFAIL, NOTIMP or REFUSED.
    public static func isRefusal(_ reply: [UInt8]) -> Bool {
        reply.count > 3 && [2, 4, 5].contains(reply[3] & 15)
    }

    /// Whether a query carries no records but its question and two at most behind it: options and a signature. All else
    /// would only cost time.
    static func isPlain(_ query: [UInt8]) -> Bool {
        query.count > 12 && query[6..<11].allSatisfy { $0 == 0 } && query[11] <= 2
    }

    /// The reply to a query, from records as in a zone file. Truncated where it has more than `limit` bytes. Nil for a
    /// query that is none.
    public static func reply(to query: [UInt8], _ reply: Reply, limit: Int) -> [UInt8]? {
        var count: Int64 = 0
        let (answers, authority) = (reply.answers.joined(separator: "\n"), reply.authority)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            // libldns reads `query.count` bytes and the shim writes at most `limit`.
            count = unsafe davit_dns_answer(
                query, query.count, reply.code.rawValue, reply.isAuthoritative ? 1 : 0, answers, authority, base,
                limit)
            used = max(0, Int(count))
        }
        return count > 0 ? bytes : nil
    }

    static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
