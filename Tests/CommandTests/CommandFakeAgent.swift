import JSON
import Linux
import Testing

/// A line server that answers by rule, one thread for each connection, and keeps what it was asked.
final class FakeAgent: Sendable {
    struct Request: Sendable {
        let method: String
        let params: JSONValue
        let descriptors: [Descriptor]
    }

    /// The lines that answer a request, without their id. It may block.
    typealias Rule = @Sendable (Request, FakeAgent) -> [JSONValue]

    let path: String
    private let directory: String
    private let listener: Descriptor
    private let rule: Rule
    private let state = Guarded((requests: [Request](), isOver: false))
    private let gift = Guarded<Descriptor?>(nil)

    /// Goes out with the next progress line.
    func give(_ descriptor: Descriptor) { gift.withLock { $0 = descriptor } }

    /// Serves while `body` runs.
    static func serving(_ rule: @escaping Rule, _ body: (FakeAgent) throws -> Void) throws {
        let agent = try FakeAgent(rule)
        defer { agent.end() }
        try Thread.start("fake agent") { agent.serve() }
        try body(agent)
    }

    private init(_ rule: @escaping Rule) throws {
        directory = "davit-test-\(Process.pid)-\(UInt64.random(in: 0 ... .max))"
        path = "/tmp/\(directory)/davit.sock"
        self.rule = rule
        try Directory(path: "/tmp").makeDirectory(directory)
        listener = try UnixSocket.listen(path)
    }

    /// All that was asked so far, in the order it came.
    var requests: [Request] { state.withLock { $0.requests } }

    /// Blocks until such a request has come.
    func first(_ method: String) -> Request { wait(for: 1, method) }

    /// Blocks until so many have come, and answers the last of them.
    func wait(for count: Int, _ method: String) -> Request {
        state.wait { state in
            let found = state.requests.filter { $0.method == method }
            return found.count >= count ? found[count - 1] : nil
        }
    }

    private func end() {
        state.withLock { $0.isOver = true }
        try? Directory(path: "/tmp").removeTree(directory)
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func serve() {
        while !isOver {
            guard (try? listener.waitReadable(milliseconds: 20)) ?? false,
                let connection = try? UnixSocket.accept(listener)
            else { continue }
            try? Thread.start("fake connection") { [self] in try? answer(connection) }
        }
    }

    private func answer(_ connection: Descriptor) throws {
        try connection.setNonblocking(false)
        var framer = LineFramer()
        var descriptors: [Descriptor] = []
        while true {
            let (bytes, more) = try connection.receive(upTo: 65536, maxDescriptors: 8)
            guard !bytes.isEmpty else { return }
            descriptors += more
            framer.append(bytes)
            while case .line(let line) = framer.next() {
                guard try answer(JSONValue(parsing: line), descriptors, on: connection) else { return }
                descriptors = []
            }
        }
    }

    /// False ends the connection without a final line: what a crash looks like.
    private func answer(_ line: JSONValue, _ descriptors: [Descriptor], on connection: Descriptor) throws -> Bool {
        let request = Request(
            method: line["method"]?.string ?? "", params: line["params"] ?? .null, descriptors: descriptors)
        state.withLock { $0.requests.append(request) }
        state.wakeAll()
        let replies = rule(request, self)
        for reply in replies {
            var members = reply.object ?? JSONObject()
            members["id"] = line["id"]
            let gift = reply["progress"] == nil ? nil : gift.withLock { $0.take() }
            try connection.send(
                Array("\(String(json: .object(members)))\n".utf8), descriptors: gift.map { [$0.rawValue] } ?? [])
        }
        return !replies.isEmpty
    }
}

extension JSONValue {
    static func result(_ value: JSONValue) -> JSONValue { ["result": value] }
    static func item(_ value: JSONValue) -> JSONValue { ["item": value] }

    static func failure(_ code: String, _ message: String) -> JSONValue {
        ["error": ["code": .string(code), "message": .string(message), "retryable": false, "cause": ["because"]]]
    }
}
