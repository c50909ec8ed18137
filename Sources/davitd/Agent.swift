internal import DriverHost
internal import Drivers
internal import Engine
internal import Images
internal import JSON
internal import Linux
internal import Model
internal import Server
internal import Systemd

/// The assembled agent: every room is made here, in the order in which they need one another.
@Loop final class Agent {
    private let file: String
    private var configuration: Configuration
    private let drivers: DriverHost
    private let notices: DriverNotices
    private let stopped: AsyncStream<Void>
    private let stop: AsyncStream<Void>.Continuation
    private var signals: [EventSource] = []
    /// Held as long as the agent lives.
    private var lock: Lock?
    private var nameServer: NameServer?

    init(_ configuration: Configuration, file: String, drivers: DriverHost, notices: DriverNotices) {
        self.configuration = configuration
        self.file = file
        self.drivers = drivers
        self.notices = notices
        (stopped, stop) = AsyncStream.makeStream()
    }

    /// Tries out and loads the drivers. Blocks; before the loop runs.
    nonisolated static func loadDrivers(_ configuration: Configuration, _ notices: DriverNotices) -> DriverHost {
        var settings = configuration.drivers.settings
        var storage = settings["storage/overlay"] ?? DriverSettings()
        // The shipped storage driver keeps its files with the agent's, unless told otherwise.
        if storage.config?["root"] == nil {
            var object = storage.config?.object ?? JSONObject()
            object["root"] = .string(configuration.stateDirectory + "/storage")
            storage.config = .object(object)
        }
        settings["storage/overlay"] = storage
        let host = DriverHost(
            directories: configuration.driverDirectories,
            configuration: DriverHostConfiguration(
                drivers: settings, probeProgram: configuration.driverHost,
                probeCache: configuration.stateDirectory + "/drivers.json"),
            notice: { notices.take($0) })
        host.load()
        return host
    }

    /// Serves until SIGTERM or SIGINT. Containers live on, unless the host goes down: their monitors don't need the agent.
    func serve() async throws {
        let state = try Directory(path: "/").makeDirectories(configuration.stateDirectory)
        let run = try Directory(path: "/").makeDirectories(configuration.runDirectory)
        lock = try onlyWriter(in: state)
        let monitor = try open(program: configuration.monitor, "monitor")
        let cgroups = try Pods(configuration: configuration, monitor: monitor).tree()
        let storage = try drivers.storage(configuration.drivers.storage)
        let worker = ImageProcess(executable: try open(program: configuration.imageHelper, "image_helper"))
        let store = try await ImageStore(
            directory: state.makeDirectories("images", mode: 0o700), storage: storage,
            worker: worker)
        for problem in store.problems { Journal.send(problem, .warning) }
        let images = ImageCatalog(store: store)
        let isolation = try drivers.isolation(configuration.drivers.isolation)
        let reactor = LoopReactor()
        let engine = Engine(
            parts: Engine.Parts(
                storage: storage, networkDrivers: try networkDrivers(), isolation: isolation, images: images,
                worker: worker,
                launcher: try MonitorLauncher(program: monitor, hold: cgroups.hold, reactor: reactor), reactor: reactor,
                ledger: try Ledger(state: state, run: run), cgroups: cgroups, names: try names(run, cgroups),
                complain: complain),
            settings: Engine.Settings(
                firstID: UInt32(configuration.userns.first), idBlocks: configuration.userns.blocks,
                log: configuration.logBounds, network: configuration.network),
            executor: EventLoop.main)
        await engine.recover()
        try await store.sweep()
        try await serve(
            engine, images, state.makeDirectories("images"), missing: { (try? await isolation.check().missing) ?? [] })
    }

    private func serve(
        _ engine: Engine, _ images: ImageCatalog, _ staging: Directory,
        missing: @escaping @Sendable () async -> [String]
    )
        async throws
    {
        let handle = AgentHandle(
            version: Version.text, systemd: booted, stateDirectory: configuration.stateDirectory,
            runDirectory: configuration.runDirectory, missing: missing, reload: { try await self.reload(engine) })
        let router = Router.agent(handle, drivers: drivers, engine: engine, images: images, staging: staging)
        let server = try Server(router: router, access: Access(group: configuration.group), listeners: listeners())
        try watchSignals(engine)
        _ = try EventLoop.main.useWatchdog()
        let behind = [
            Task(executorPreference: EventLoop.main) { await engine.serve() },
            Task(executorPreference: EventLoop.main) { await keepJournal(of: engine) },
            Task(executorPreference: EventLoop.main) { [drivers] in await keepHealing(drivers, engine) },
            Task(executorPreference: EventLoop.main) { [notices] in await notices.keepTelling(engine) },
        ]
        Journal.send("davitd \(Version.text) serves \(configuration.socket)")
        Notify.ready(status: "Serving \(configuration.socket)")
        for await _ in stopped { break }
        if SystemState.isStopping() { await stopContainers(of: engine) }
        Notify.stopping(status: "Answering what is open")
        await server.stop()
        for task in behind { task.cancel() }
    }

    /// The host goes down, and systemd ends this agent before the containers' scope (docs/operating.md): they stop in their
    /// own order, each with its own grace time.
    private func stopContainers(of engine: Engine) async {
        Notify.stopping(status: "Stopping the containers")
        Journal.send("the host goes down: the containers are stopped")
        await engine.stopAll { seconds in Notify.extendTimeout(seconds: seconds) }
    }

    // MARK: Parts

    /// One process writes the state. The kernel gives the lock back however this one ends.
    private func onlyWriter(in state: Directory) throws -> Lock {
        let file = try state.open("davitd.lock", [.readWrite, .create, .noFollow], mode: 0o600)
        guard let lock = try Lock(file) else {
            throw AgentError(
                .configInvalid,
                "another davitd works with \(configuration.stateDirectory): stop it, or use another directory")
        }
        return lock
    }

    private func networkDrivers() throws -> [String: any NetworkDriver] {
        var found: [String: any NetworkDriver] = [:]
        for name in drivers.names(.network) { found[name] = try drivers.network(name) }
        return found
    }

    /// `nil` where the name server is not installed: containers then ask the host's servers, and know no names.
    private func names(_ run: Directory, _ cgroups: CgroupTree) throws -> NameBoard? {
        guard let program = try? open(program: configuration.resolver, "resolver") else {
            Journal.send("there is no name server \(configuration.resolver): containers don't know each other's names")
            return nil
        }
        let server = try NameServer(program: program, run: run, cgroup: cgroups.hold)
        nameServer = server
        return try NameBoard(run: run) { Task(executorPreference: EventLoop.main) { await server.run() } }
    }

    private func open(program path: String, _ key: String) throws(AgentError) -> Descriptor {
        do { return try Directory(path: "/").open(path, .path).shared() } catch {
            throw AgentError(.configInvalid, "\(key): the program \(path) can't be opened").caused(by: error)
        }
    }

    /// systemd's socket where there is one, else our own.
    private func listeners() throws -> [Descriptor] {
        let passed = Activation.listeners().map { Descriptor(owning: $0.fd) }
        guard passed.isEmpty else { return passed }
        let group = try? Access.group(configuration.group)
        // We are the only agent here, so a socket that is there is a dead one's.
        let root = try Directory(path: "/")
        if try root.statusIfPresent(configuration.socket) != nil { try root.remove(configuration.socket) }
        let socket = try UnixSocket.listen(configuration.socket, .stream, mode: 0o660)
        if let group { try root.changeOwner(configuration.socket, uid: 0, gid: group) }
        return [socket]
    }

    // MARK: Signals

    private func watchSignals(_ engine: Engine) throws {
        let (term, int, hup): (Int32, Int32, Int32) = (15, 2, 1)
        for number in [term, int] {
            signals.append(try EventSource.signal(number) { [stop] in stop.yield() })
        }
        signals.append(
            try EventSource.signal(hup) { [weak self] in
                do { _ = try self?.reload(engine) } catch {
                    Journal.send("the configuration stays as it was: \(error)", .error)
                }
            })
    }

    /// Reads the configuration again. A wrong one is refused and changes nothing. Answers the keys that need a restart.
    private func reload(_ engine: Engine) throws -> [String] {
        Notify.reloading()
        defer { Notify.ready(status: "Serving \(configuration.socket)") }
        let new = try Configuration.load(file)
        configuration.log = new.log
        engine.assumeIsolated { $0.use(log: new.logBounds) }
        let changed = new.keys(differingFrom: configuration)
        Journal.send("configuration read again; takes effect at the next start: \(changed)")
        return changed
    }
}

/// An unhealthy driver is asked how it is every 10 seconds; one that answers is taken back.
private func keepHealing(_ drivers: DriverHost, _ engine: Engine) async {
    while (try? await engine.pause(.seconds(10))) != nil { await drivers.heal() }
}

/// Writes the life of every container to the journal, so that `journalctl CONTAINER_NAME=web` tells it.
private func keepJournal(of engine: Engine) async {
    var cursor = await engine.snapshot().cursor
    while !Task.isCancelled {
        do {
            _ = try await engine.event(after: cursor, once: false)
            // Nobody who waits for a container waits for the journal too.
            try await engine.pause(.milliseconds(50))
            while let event = try await engine.event(after: cursor, once: true) {
                cursor = event.cursor
                Journal.send(event.sentence, event.error == nil ? .info : .warning, fields: event.fields)
            }
        } catch {
            // Only a gap can be here: the journal was slower than 4096 events.
            cursor = await engine.snapshot().cursor
        }
    }
}

extension Event {
    /// For a person: what happened to whom.
    fileprivate var sentence: String {
        let outcome = exit.map { " with \($0.signal.map { "signal \($0)" } ?? "status \($0.code)")" } ?? ""
        return "\(kind.rawValue) \(name ?? subject)\(outcome)" + (error.map { ": \($0.message)" } ?? "")
    }

    fileprivate var fields: [String: String] {
        var fields = ["DAVIT_EVENT": kind.rawValue]
        if kind.rawValue.hasPrefix("container.") { fields["CONTAINER_ID"] = subject }
        if kind.rawValue.hasPrefix("container.") { fields["CONTAINER_NAME"] = name ?? subject }
        if kind.rawValue.hasPrefix("driver.") { fields["DAVIT_DRIVER"] = subject }
        if let exit { fields["CONTAINER_EXIT"] = "\(exit.code)" }
        return fields
    }
}

private func complain(_ error: AgentError, about container: ContainerID?) {
    var fields = ["DAVIT_CODE": error.code.rawValue]
    if let container { fields["CONTAINER_ID"] = container.description }
    Journal.send("\(error)", .warning, fields: fields)
}
