internal import JSON
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// A request under way. It answers exactly once, whatever happens first: its end, its deadline, a cancel, a stop.
@Loop final class OpenRequest: RequestSink {
    let id: JSONValue?
    /// Whether it must go on to its end; false for what only reads, or only waits by now.
    private(set) var changes: Bool
    private(set) var parting: Parting?
    private let key: Int
    private weak var connection: Connection?
    private var task: Task<Void, Never>?
    private var deadline: EventSource?
    private var isAnswered = false

    init(_ id: JSONValue?, changes: Bool, on connection: Connection, key: Int) {
        self.id = id
        self.changes = changes
        self.connection = connection
        self.key = key
    }

    /// Starts the work. The task belongs to this request, which the connection keeps until it has ended.
    func begin(
        _ request: Request, _ descriptors: [Descriptor],
        _ handle: @escaping @Loop @Sendable (JSONValue, RequestContext<Ping>) async throws -> JSONValue
    ) {
        guard let connection else { return }
        if let limit = request.deadline { startDeadline(limit) }
        let context = RequestContext<Ping>(caller: connection.peer, descriptors: descriptors, sink: self)
        // The preference keeps whatever is isolated to nobody on the loop too: each way over the global pool and back
        // would cost two wake-ups of other threads, and a start has seven of them.
        task = Task(executorPreference: EventLoop.main) { await self.carryOut(request.params, context, handle) }
    }

    private func carryOut(
        _ params: JSONValue, _ context: RequestContext<Ping>,
        _ handle: @Loop @Sendable (JSONValue, RequestContext<Ping>) async throws -> JSONValue
    ) async {
        do { answer(.result, try await handle(params, context)) } catch { fail(AgentError(answering: error)) }
        deadline = nil
        connection?.ended(key)
    }

    private func startDeadline(_ limit: Duration) {
        let microseconds = UInt64(limit / .microseconds(1))
        deadline = try? EventSource.timer(afterMicroseconds: microseconds) { [weak self] in
            self?.giveUp(.late(limit))
        }
    }

    /// Answers with the error. A read or a stream ends; a change goes on to its end, unheard.
    func giveUp(_ parting: Parting) {
        self.parting = self.parting ?? parting
        fail(parting.error)
        if !changes { task?.cancel() }
        connection?.flush()
    }

    private func fail(_ error: AgentError) {
        guard !isAnswered else { return }
        isAnswered = true
        connection?.refuse(id, error)
    }

    private func answer(_ kind: Reply.Kind, _ value: JSONValue) {
        guard !isAnswered else { return }
        isAnswered = true
        connection?.put(Reply(id: id, kind, value))
    }

    // MARK: RequestSink

    func emit(_ item: JSONValue) async throws {
        guard !isAnswered, let connection else { throw CancellationError() }
        connection.put(Reply(id: id, .item, item))
        try await connection.room()
    }

    func progress(_ value: JSONValue, _ descriptors: [Descriptor]) {
        guard !isAnswered, let connection else { return }
        connection.put(Reply(id: id, .progress, value), descriptors)
        connection.flush()
    }

    func onlyWaits() {
        changes = false
        // The caller may have left while it was a change.
        if let parting = parting ?? connection?.parting { giveUp(parting) }
    }

    func giveSocket(to taker: @escaping @Loop (Descriptor?) -> Void) throws(AgentError) {
        try connection?.giveSocket(to: taker)
    }

    func cancel(_ other: JSONValue) -> Bool { connection?.cancel(other) ?? false }
}
