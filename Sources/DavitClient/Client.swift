public import JSON
internal import Linux
public import Model
public import Wire

/// A connection to the agent: requests go out, replies are waited for. Blocking, and for one thread at a time.
///
/// All errors are `AgentError`: the agent's own are passed through, the connection's are told in the same words.
public final class Client {
    public static let defaultPath = "/run/davit/davit.sock"

    private let socket: Descriptor
    private var framer = LineFramer(limit: Reply.longest)
    private var lastID: RequestID = 0
    /// Descriptors whose line is not read yet, and how many bytes of the stream were here with them.
    private var arrived: [(at: Int64, descriptor: Descriptor)] = []
    /// Replies that were read while the caller waited for another request's.
    private var pending: [Reply] = []

    private init(_ socket: Descriptor) { self.socket = socket }

    /// Connects. Nothing is sent: the protocol has no greeting.
    ///
    /// Throws `access.denied` where the socket may not be opened, and `agent.stopping` where nobody listens.
    public static func connect(path: String = defaultPath) throws(AgentError) -> Client {
        do {
            return Client(try UnixSocket.connect(path))
        } catch {
            throw AgentError(connecting: path, error)
        }
    }

    /// Readable when there may be more to receive; for those who wait for other things too.
    public var descriptor: Int32 { socket.rawValue }

    // MARK: One request

    /// Sends a request and returns its result. Items are handed to `onItem` as they come.
    ///
    /// `descriptors` are copied to the agent; the params name them by index.
    public func call<M: Method>(
        _ method: M.Type, _ params: M.Params, descriptors: [Int32] = [], onItem: (M.Item) throws -> Void = { _ in }
    ) throws -> M.Result {
        let id = try send(method, params, descriptors: descriptors)
        return try finish(id) { try onItem($0.reply()) }.reply()
    }

    /// The same for a method that is known only by name.
    public func callRaw(
        _ method: String, _ params: JSONValue = .object(JSONObject()), onItem: (JSONValue) throws -> Void = { _ in }
    ) throws -> JSONValue {
        try finish(send(method, params), onItem: onItem)
    }

    // MARK: Several requests at once

    /// Sends a request without waiting for its replies; at most 64 may be open at a time.
    @discardableResult
    public func send(_ method: String, _ params: JSONValue, descriptors: [Int32] = []) throws(AgentError) -> RequestID {
        lastID += 1
        var request = JSONObject()
        request["id"] = .int(lastID)
        request["method"] = .string(method)
        request["params"] = params
        var line: [UInt8] = []
        JSONValue.object(request).print(to: &line)
        line.append(UInt8(ascii: "\n"))
        try write(line, descriptors)
        return lastID
    }

    /// The same with typed params.
    @discardableResult
    public func send<M: Method>(
        _ method: M.Type, _ params: M.Params, descriptors: [Int32] = []
    ) throws -> RequestID {
        try send(M.name, JSONValue(encoding: params), descriptors: descriptors)
    }

    /// The next reply to any request, in the order they came. Blocks until there is one.
    public func receive() throws(AgentError) -> Reply {
        pending.isEmpty ? try read() : pending.removeFirst()
    }

    /// The next reply to this request; those to others are kept for `receive`.
    public func receive(for id: RequestID) throws(AgentError) -> Reply {
        if let index = pending.firstIndex(where: { $0.id == id }) { return pending.remove(at: index) }
        while true {
            let reply = try read()
            if reply.id == id { return reply }
            pending.append(reply)
        }
    }

    /// Whether a whole reply is here already, so that `receive` would not wait.
    public func hasReply() throws(AgentError) -> Bool {
        if pending.isEmpty, let reply = try buffered() { pending.append(reply) }
        return !pending.isEmpty
    }

    /// Reads this request's replies up to the final one and returns its result.
    public func finish(_ id: RequestID, onItem: (JSONValue) throws -> Void = { _ in }) throws -> JSONValue {
        while true {
            switch try receive(for: id).body {
            case .progress: break
            case .item(let item): try onItem(item)
            case .result(let result): return result
            case .failure(let error): throw error
            }
        }
    }
}

extension JSONValue {
    /// An item or a result as its type; keys from a newer agent are ignored. Throws `protocol.malformed`.
    public func reply<T: Decodable>(as type: T.Type = T.self) throws(AgentError) -> T {
        do { return try decode(type, unknownKeys: .ignore) } catch {
            throw AgentError(.protocolMalformed, "the agent answered something that is no \(type)").caused(by: error)
        }
    }
}

extension Client {
    private func write(_ line: [UInt8], _ descriptors: [Int32]) throws(AgentError) {
        do {
            var rest = line[...].dropFirst(try socket.send(line, descriptors: descriptors))
            while !rest.isEmpty { rest = rest.dropFirst(try socket.send(rest)) }
        } catch {
            throw AgentError.connectionLost.caused(by: error)
        }
    }

    private func read() throws(AgentError) -> Reply {
        while true {
            if let reply = try buffered() { return reply }
            try readSome()
        }
    }

    /// Reads what is here; waits when there is nothing. What it makes whole is told by `hasReply`.
    public func readSome() throws(AgentError) {
        let (bytes, descriptors): ([UInt8], [Descriptor])
        do { (bytes, descriptors) = try socket.receive(upTo: 65536, maxDescriptors: 8) } catch {
            throw AgentError.connectionLost.caused(by: error)
        }
        guard !bytes.isEmpty else { throw AgentError.connectionLost }
        framer.append(bytes)
        // They belong to the line that the last byte is in that came with them.
        arrived += descriptors.map { (framer.end, $0) }
    }

    private func buffered() throws(AgentError) -> Reply? {
        switch framer.next() {
        case .line(let line): try Reply(line: line, descriptorsOfLine())
        case .tooLong: throw AgentError(.protocolLineTooLong, "the agent answered a line of more than 64 MiB")
        case nil: nil
        }
    }
}

extension Client {
    private func descriptorsOfLine() -> [Descriptor] {
        guard !arrived.isEmpty else { return [] }
        let mine = arrived.prefix { $0.at <= framer.position }.map(\.descriptor)
        arrived.removeFirst(mine.count)
        return mine
    }
}

extension AgentError {
    /// The agent closed the connection before it had answered.
    static let connectionLost = AgentError(
        .agentStopping, "the agent closed the connection before it answered: see journalctl -u davitd", retryable: true)

    init(connecting path: String, _ error: Errno) {
        switch error {
        case .accessDenied, .notPermitted:
            self.init(.accessDenied, "you may not open \(path): join group davit, or be root")
        case .noSuchFile, .connectionRefused:
            self.init(
                .agentStopping, "davitd is not running (nobody listens at \(path)): systemctl start davitd.socket",
                retryable: true)
        default:
            self.init(.agentStopping, "cannot connect to davitd at \(path)")
        }
        self = caused(by: error)
    }
}
