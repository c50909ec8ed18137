internal import Drivers
internal import JSON
internal import Linux
internal import Model
internal import Synchronization
internal import Wire

extension DriverManifest {
    /// How many calls may be under way at once.
    var threads: Int { concurrency == .serial ? 1 : 4 }
}

/// A driver that is ready: its door, its threads and its health. What the three proxies share.
final class LoadedDriver: Sendable {
    let manifest: DriverManifest
    let path: String

    private let door: any DriverDoor
    private let workers: WorkerThreads
    private let deadline: Duration
    private let health = Mutex(DriverHealth())
    private let nextOperation = Atomic<UInt64>(1)
    private let notice: @Sendable (DriverNotice) -> Void

    init(
        _ manifest: DriverManifest, path: String, door: any DriverDoor, deadline: Duration,
        notice: @escaping @Sendable (DriverNotice) -> Void
    ) {
        self.manifest = manifest
        self.path = path
        self.door = door
        self.deadline = deadline
        self.notice = notice
        workers = WorkerThreads(name: manifest.name, limit: manifest.threads)
    }

    /// `network driver "none"`.
    var title: String { "\(manifest.kind.rawValue) driver \"\(manifest.name)\"" }

    private var key: String { "\(manifest.kind.rawValue)/\(manifest.name)" }

    var info: DriverInfo {
        let health = health.withLock { $0 }
        let refusal = door.refusal
        let state = refusal != nil ? "refused" : health.unhealthy != nil ? "unhealthy" : "ready"
        return DriverInfo(
            name: manifest.name, kind: manifest.kind.rawValue, version: manifest.version, path: path, state: state,
            error: refusal ?? health.unhealthy, methods: manifest.methods, calls: health.calls,
            timeouts: health.timeouts)
    }

    func has<Parameters, Reply>(_ method: DriverMethod<Parameters, Reply>) -> Bool {
        manifest.methods.contains(method.name)
    }

    /// Has one of the driver's threads carry out a method, and waits for it at most until the deadline.
    ///
    /// - Throws: the driver's error, `driver.timeout`, `driver.unhealthy`, `driver.bad_reply`, `method.unknown`.
    func call<Parameters, Reply>(
        _ method: DriverMethod<Parameters, Reply>, _ parameters: Parameters,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> Reply {
        guard has(method) else {
            throw AgentError(.methodUnknown, "\(title) has no method \"\(method.name)\"; use a driver that has it")
        }
        try health.withLock { try $0.admit(method.name) }
        let operation = nextOperation.add(1, ordering: .relaxed).oldValue
        return try await withTaskCancellationHandler {
            // Named here so that the closure runs where the caller does, without a way over the global pool.
            _ = isolation
            return try await withCheckedThrowingContinuation { continuation in
                start(method, parameters, operation, Ticket(continuation))
            }
        } onCancel: {
            door.cancel(operation)
        }
    }

    private func start<Parameters, Reply>(
        _ method: DriverMethod<Parameters, Reply>, _ parameters: Parameters, _ operation: UInt64,
        _ ticket: Ticket<Reply>
    ) {
        do {
            let end = MonotonicTime.now.advanced(by: deadline)
            let key = try Deadlines.shared.add(end) { [self] in expire(method.name, operation, ticket) }
            try workers.submit { [self] in
                guard ticket.isOpen else { return }
                let result = Result { try carryOut(method, parameters, operation, end) }
                Deadlines.shared.remove(key)
                ticket.answer(result) { tell(health.withLock { $0.answered(method.name) }) }
            }
        } catch {
            ticket.answer(
                .failure(AgentError(.hostFailed, "no thread for \(title) could be started").caused(by: error)))
        }
    }

    private func carryOut<Parameters, Reply>(
        _ method: DriverMethod<Parameters, Reply>, _ parameters: Parameters, _ operation: UInt64,
        _ deadline: MonotonicTime
    ) throws -> Reply {
        let message = try PackedMessage(parameters)
        let reply: PackedMessage
        do {
            reply = try door.call(
                DriverRequest(operation: operation, method: method.name, deadline: deadline, message: message))
        } catch let error as AgentError where error.code == .driverBadReply {
            throw badReply(method.name, error)
        }
        do { return try reply.unpack(Reply.self, unknownKeys: .ignore) } catch {
            throw badReply(method.name, error)
        }
    }

    private func badReply(_ method: String, _ reason: any Error) -> AgentError {
        AgentError(.driverBadReply, "\(title) answered \"\(method)\" with something that makes no sense; report it")
            .caused(by: reason)
    }

    private func expire<Reply>(_ method: String, _ operation: UInt64, _ ticket: Ticket<Reply>) {
        let error = AgentError(
            .driverTimeout, "\(title) did not finish \"\(method)\" within \(deadline)", retryable: true)
        ticket.answer(.failure(error)) {
            door.cancel(operation)
            tell(health.withLock { $0.timedOut(title) })
        }
    }

    private func tell(_ change: DriverHealth.Change?) {
        switch change {
        case .becameUnhealthy(let error): notice(.unhealthy(driver: key, error))
        case .becameHealthy: notice(.healthyAgain(driver: key))
        case nil: break
        }
    }
}
