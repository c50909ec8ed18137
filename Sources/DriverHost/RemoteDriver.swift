internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// A driver whose code runs in a `davit-driver-host` process: a crash fails the calls under way, and the next call
/// starts the process again.
final class RemoteDriver: DriverDoor {
    private struct State {
        var process: DriverProcess?
        /// Not before this time, so that a driver that dies at once doesn't keep the machine busy.
        var mayStart = MonotonicTime(nanoseconds: 0)
    }

    private static let pause = Duration.seconds(1)

    private let program: String
    private let object: Descriptor
    private let configuration: JSONValue
    private let driver: String
    private let notice: @Sendable (DriverNotice) -> Void
    private let state = Guarded(State())

    init(
        _ file: DriverFile, program: String, configuration: JSONValue,
        notice: @escaping @Sendable (DriverNotice) -> Void
    ) throws {
        self.program = program
        self.configuration = configuration
        self.notice = notice
        object = file.object
        driver = file.key
        _ = try process()
    }

    func call(_ request: DriverRequest) throws -> PackedMessage { try process().call(request) }

    func cancel(_ operation: UInt64) { state.withLock { $0.process }?.cancel(operation) }

    /// The process that runs, or a new one.
    private func process() throws -> DriverProcess {
        try state.withLock { state in
            if let process = state.process, process.end == nil { return process }
            let now = MonotonicTime.now
            guard now >= state.mayStart else {
                throw state.process?.end ?? AgentError(.driverFailed, "its process can't be started", retryable: true)
            }
            state.mayStart = now.advanced(by: Self.pause)
            let process = try start()
            state.process = process
            return process
        }
    }

    private func start() throws -> DriverProcess {
        let executable = try Directory(path: "/").open(program, .path).shared()
        let sockets = try SocketPair(.sequencedPackets)
        let child = try withExtendedLifetime((executable, object, sockets)) {
            try Process.spawn(
                executable: executable.rawValue,
                arguments: [program, DriverService.argument, configuration.description],
                environment: ["SWIFT_BACKTRACE=enable=no"],
                descriptors: [object.rawValue, sockets.b.rawValue], standard: [-1, -1, 2]
            ).shared()
        }
        let process = DriverProcess(child, sockets.a, driver: driver, notice: notice)
        try Thread.start("driver-reader") { process.read() }
        return process
    }
}

/// One run of a driver's own process, and the calls that wait for it.
final class DriverProcess: Sendable {
    private struct State {
        var answers: [UInt64: Result<PackedMessage, AgentError>] = [:]
        var end: AgentError?
    }

    private let child: Pidfd
    private let socket: Descriptor
    private let driver: String
    private let notice: @Sendable (DriverNotice) -> Void
    private let state = Guarded(State())

    init(_ child: Pidfd, _ socket: Descriptor, driver: String, notice: @escaping @Sendable (DriverNotice) -> Void) {
        self.child = child
        self.socket = socket
        self.driver = driver
        self.notice = notice
    }

    /// Why the process is no more; nil while it runs.
    var end: AgentError? { state.withLock { $0.end } }

    /// Sends a call and blocks until its answer comes or the process ends.
    func call(_ request: DriverRequest) throws -> PackedMessage {
        let packet = DriverPacket(
            call: DriverPacket.Call(
                operation: request.operation, method: request.method, deadline: request.deadline.nanoseconds,
                params: request.message.object))
        do { try packet.send(on: socket, request.message.descriptors) } catch  where error as? Errno == .brokenPipe {
            // The reader is about to note how the process ended.
        } catch {
            throw AgentError(.driverFailed, "the request can't be sent to the driver's process").caused(by: error)
        }
        return try state.wait { state in
            if let answer = state.answers.removeValue(forKey: request.operation) { return answer }
            return state.end.map { .failure($0) }
        }.get()
    }

    func cancel(_ operation: UInt64) { try? DriverPacket(cancel: operation).send(on: socket) }

    /// Takes in packets until the process closes its socket or says something that makes no sense; then ends it.
    func read() {
        do {
            while let (packet, descriptors) = try DriverPacket.receive(on: socket) { take(packet, descriptors) }
        } catch {}
        try? child.send(signal: SIGKILL)
        let status = (try? child.collect(wait: true)).map { "\($0)" } ?? "unknown"
        let end = AgentError(
            .driverFailed, "the process of the driver \(driver) ended (\(status)); the next call starts it again",
            retryable: true)
        state.withLock { $0.end = end }
        state.wakeAll()
    }

    private func take(_ packet: DriverPacket, _ descriptors: [Descriptor]) {
        if let log = packet.log { notice(.log(driver: driver, level: log.level, text: log.text)) }
        if let event = packet.event { notice(.event(driver: driver, event)) }
        guard let reply = packet.reply else { return }
        let nothing = AgentError(.driverBadReply, "its process sent a reply with neither result nor error")
        let answer: Result<PackedMessage, AgentError> =
            reply.result.map { .success(PackedMessage(object: $0, descriptors: descriptors)) }
            ?? .failure(reply.error ?? nothing)
        state.withLock { $0.answers[reply.operation] = answer }
        state.wakeAll()
    }
}
