internal import Engine
internal import Model
internal import Wire

/// Sends a container's log as items, and follows it if asked.
struct LogStream {
    var reader: LogReader
    let since: Int64?

    /// Ends when there is nothing more to read and, if it follows, `over` said so before the last look.
    mutating func send<M: Method>(
        to context: RequestContext<M>, follow: Bool, engine: Engine, over: () async -> Bool
    ) async throws where M.Item == LogLine {
        while true {
            let last = follow ? await over() : true
            while true {
                let entries = try await reader.next()
                guard !entries.isEmpty else { break }
                for entry in entries where entry.time >= since ?? .min { try await context.emit(LogLine(entry)) }
            }
            if last { return }
            // The log is a file that another process writes: a look every 20 ms while somebody follows.
            try await engine.pause(.milliseconds(20))
        }
    }
}

extension LogLine {
    init(_ entry: LogEntry) {
        let text = String(validating: entry.bytes, as: UTF8.self)
        self.init(
            stream: entry.stream.rawValue, time: entry.time, text: text,
            base64: text == nil ? base64Text(entry.bytes) : nil,
            partial: entry.partial ? true : nil)
    }
}

/// RFC 4648, with padding.
func base64Text(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        let digits = [18, 12, 6, 0].map { alphabet[bits >> $0 & 63] }
        text += digits.prefix(group.count + 1) + repeatElement(UInt8(ascii: "="), count: 3 - group.count)
    }
    return String(decoding: text, as: UTF8.self)
}
