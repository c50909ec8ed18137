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
            base64: text == nil ? String(base64: entry.bytes) : nil,
            partial: entry.partial ? true : nil)
    }
}
