internal import JSON
internal import Model
public import Systemd
internal import Wire

/// All methods by name: what each is, and who answers it.
@Loop public final class Router {
    /// A method made uniform: JSON in, JSON out.
    struct Route: Sendable {
        var description: @Sendable () -> MethodDescription
        var changes: Bool
        var right: Right
        var answer: Answer
    }

    enum Answer: Sendable {
        case quick(@Loop @Sendable (JSONValue, RequestContext<Ping>) throws -> JSONValue)
        case slow(@Loop @Sendable (JSONValue, RequestContext<Ping>) async throws -> JSONValue)
    }

    private var routes: [String: Route] = [:]
    let version: String
    /// What `hello` tells and `require` may ask for.
    let features = ["batch", "cancel", "deadline", "descriptors", "schema", "streams"]

    public init(version: String) {
        self.version = version
        onQuick(Ping.self) { _, _ in Done() }
        onQuick(Hello.self) { [features, version] _, _ in
            Hello.Result(
                version: version, features: features,
                limits: .init(line: Limit.line, depth: Limit.depth, open: Limit.open))
        }
        on(Schema.self) { [unowned self] params, _ in try schema(of: params.method) }
        on(Batch.self) { [unowned self] params, context in try await batch(params, context) }
        onQuick(Cancel.self) { params, context in Cancel.Result(cancelled: context.sink.cancel(params.id)) }
    }

    /// Answers a method on the event loop at once; the handler must not wait for anything.
    func onQuick<M: Method>(
        _: M.Type, _ handle: @escaping @Loop @Sendable (M.Params, RequestContext<M>) throws -> M.Result
    ) {
        add(M.self, .quick { try JSONValue(encoding: handle($0.params(M.self), $1.typed())) })
    }

    /// Answers a method in a task of its own.
    func on<M: Method>(
        _: M.Type, _ handle: @escaping @Loop @Sendable (M.Params, RequestContext<M>) async throws -> M.Result
    ) {
        add(M.self, .slow { try JSONValue(encoding: await handle($0.params(M.self), $1.typed())) })
    }

    private func add<M: Method>(_: M.Type, _ answer: Answer) {
        routes[M.name] = Route(
            description: { MethodDescription(M.self) }, changes: M.changes, right: M.right, answer: answer)
    }

    /// Throws `method.unknown` with the nearest name.
    func route(_ name: String) throws(AgentError) -> Route {
        if let route = routes[name] { return route }
        let hint = nearest(to: name, among: routes.keys).map { ": did you mean \"\($0)\"?" } ?? "; `schema` lists all"
        throw AgentError(.methodUnknown, "there is no method \"\(name)\"\(hint)")
    }

    // MARK: The methods about methods

    private func schema(of name: String?) throws -> Schema.Result {
        if let name { return Schema.Result(methods: [try route(name).description()]) }
        return Schema.Result(methods: routes.sorted { $0.key < $1.key }.map { $0.value.description() })
    }

    private func batch(_ params: Batch.Params, _ context: RequestContext<Batch>) async throws -> Batch.Result {
        guard (1...1000).contains(params.requests.count) else {
            throw AgentError(.requestInvalid, "requests: 1 to 1000 are expected, found \(params.requests.count)")
        }
        var replies: [JSONValue] = []
        for entry in params.requests {
            do {
                replies.append(["result": try await answer(entry, context)])
            } catch {
                replies.append(["error": try JSONValue(encoding: AgentError(answering: error))])
                guard params.proceed ?? false else { break }
            }
        }
        return Batch.Result(replies: replies)
    }

    private func answer(_ entry: Batch.Params.Entry, _ context: RequestContext<Batch>) async throws -> JSONValue {
        guard ![Batch.name, Cancel.name].contains(entry.method) else {
            throw AgentError(.requestInvalid, "\(entry.method) can't be part of a batch")
        }
        let route = try route(entry.method)
        guard !route.description().streams else {
            throw AgentError(.requestInvalid, "\(entry.method) streams, and can't be part of a batch")
        }
        switch route.answer {
        case .quick(let handle): return try handle(entry.params ?? [:], context.typed())
        case .slow(let handle): return try await handle(entry.params ?? [:], context.typed())
        }
    }
}

extension JSONValue {
    fileprivate func params<M: Method>(_: M.Type) throws(AgentError) -> M.Params {
        do { return try decode(M.Params.self, unknownKeys: .refuse, at: "params") } catch {
            throw AgentError(.requestInvalid, "\(M.name): \(error)", details: ["path": .string(error.path)])
        }
    }
}

extension AgentError {
    /// Any error as the doors tell it.
    init(answering error: any Error) {
        switch error {
        case let error as AgentError: self = error
        case is CancellationError: self.init(.requestCancelled, "the request was given up by its caller")
        default: self.init(.hostFailed, "the host failed: \(error)", cause: ["\(error)"])
        }
    }
}

/// The bounds that `hello` tells.
enum Limit {
    /// Bytes of a line.
    static let line = 1 << 20
    static let depth = 64
    /// Requests of one connection under way; then the agent stops reading it.
    static let open = 64
    /// Bytes that wait for a slow reader before streams stop and wait too.
    static let backlog = 256 << 10
    /// Descriptors that may wait for their line.
    static let descriptors = 64
}
