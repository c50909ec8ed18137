public import Drivers
public import Images
internal import Linux
public import Model

/// Keeps containers: the one place that decides, and the only writer of their state.
///
/// It runs on the agent's event loop. Nothing here blocks: drivers work on their own threads, durable writes on the global
/// pool. Operations on one container come one after the other; containers don't wait for one another.
public actor Engine {
    // The executor outlives the engine, which holds it.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
    let executor: any SerialExecutor

    let parts: Parts
    private(set) var settings: Settings
    var containers: [ContainerID: Container] = [:]
    var names: [ContainerName: ContainerID] = [:]
    var ids: IDPool
    var idMaps: [IDRange: Descriptor] = [:]
    var events = EventLog()
    var eventWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
    /// Counts the changes of all containers, and who waits for the next one.
    var changes = 0
    var changeWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
    /// Containers whose start is not on the disk yet.
    var unsaved: [(container: Container, run: Int)] = []
    var saving: (any Watch)?
    var memoryWatch: MemoryWatch?
    var nextToken = 0
    var probes = ProbeQueue(limit: 4)
    var volumeTurns = Turns<VolumeName>()
    var networks: [NetworkName: NetworkRecord] = [:]
    var networkTurns = Turns<NetworkName>()
    var services: [NetworkName: Service] = [:]
    var policies: [NetworkName: PolicyRecord] = [:]
    let policyTurn = Turn()
    var serviceTurns = Turns<NetworkName>()
    nonisolated let jobs: AsyncStream<Job>
    nonisolated let jobSink: AsyncStream<Job>.Continuation

    typealias Job = @Sendable () async -> Void

    /// The hands that the engine works with.
    public struct Parts: Sendable {
        public var storage: any StorageDriver
        /// By their names.
        public var networkDrivers: [String: any NetworkDriver]
        public var isolation: any IsolationDriver
        public var images: any ImageSource
        /// Makes and unpacks archives.
        public var worker: any ImageWorker
        public var launcher: any Launcher
        public var reactor: any Reactor
        public var ledger: Ledger
        public var cgroups: CgroupTree
        /// `nil` where there is no name server for the networks.
        public var names: NameBoard?
        /// Where the engine says what went wrong behind everybody's back. The program logs it.
        public var complain: @Sendable (AgentError, _ about: ContainerID?) -> Void

        public init(
            storage: any StorageDriver, networkDrivers: [String: any NetworkDriver], isolation: any IsolationDriver,
            images: any ImageSource, worker: any ImageWorker, launcher: any Launcher, reactor: any Reactor,
            ledger: Ledger, cgroups: CgroupTree, names: NameBoard? = nil,
            complain: @escaping @Sendable (AgentError, _ about: ContainerID?) -> Void
        ) {
            self.storage = storage
            self.networkDrivers = networkDrivers
            self.isolation = isolation
            self.images = images
            self.worker = worker
            self.launcher = launcher
            self.reactor = reactor
            self.ledger = ledger
            self.cgroups = cgroups
            self.names = names
            self.complain = complain
        }
    }

    public struct Settings: Sendable {
        /// The first of the host ids that containers may have, and how many blocks of 65536 there are.
        public var firstID: UInt32
        public var idBlocks: Int
        public var log: LogBounds
        /// The network of containers that name none.
        public var network: String

        public init(firstID: UInt32, idBlocks: Int, log: LogBounds, network: String = "none") {
            self.firstID = firstID
            self.idBlocks = idBlocks
            self.log = log
            self.network = network
        }
    }

    public init(parts: Parts, settings: Settings, executor: any SerialExecutor) {
        self.parts = parts
        self.settings = settings
        self.executor = executor
        (jobs, jobSink) = AsyncStream.makeStream()
        ids = IDPool(base: settings.firstID, blocks: settings.idBlocks)
    }

    /// Carries out what is to be done behind the answers, such as clean-up, until the task is cancelled.
    public func serve() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
        }
    }

    nonisolated func later(_ job: @escaping Job) { jobSink.yield(job) }

    /// From the next start of a container on, its log is bounded so.
    public func use(log: LogBounds) { settings.log = log }

    // MARK: Looking

    /// All containers, oldest first.
    public func list() -> [ContainerView] {
        containers.values.filter(\.isMade).map(\.view).sorted {
            ($0.status.createdAt, $0.id.description) < ($1.status.createdAt, $1.id.description)
        }
    }

    public func get(_ target: String) throws(AgentError) -> ContainerView { try find(target).view }

    /// The place of all containers in the cgroup tree.
    public var cgroups: CgroupTree { parts.cgroups }

    /// A container that is made from this image, or about to be.
    public func uses(image: String) -> ContainerID? {
        containers.values.first {
            $0.record.image == image || ($0.record.mountedImages?.values.contains(image) ?? false)
        }?.id
    }

    /// By name, by id, or by the unique beginning of an id.
    func find(_ target: String) throws(AgentError) -> Container {
        if let container = named(target), container.isMade { return container }
        let found =
            target.isEmpty ? [] : containers.filter { $0.key.description.hasPrefix(target) && $0.value.isMade }
        guard let only = found.first, found.count == 1 else {
            let message =
                found.count > 1
                ? "\(found.count) containers' ids begin with \"\(target)\": give more of it"
                : "there is no container \"\(target)\""
            throw AgentError(.containerNotFound, message)
        }
        return only.value
    }

    /// By name or by whole id; one that is just being made counts, too.
    func named(_ target: String) -> Container? {
        if let name = try? ContainerName(target), let id = names[name] { return containers[id] }
        return (try? ContainerID(target)).flatMap { containers[$0] }
    }

    // MARK: Changing

    /// Makes a container; atomic: after an error or a crash there is none.
    ///
    /// `credentials`: the contents of those that the spec gives no source for.
    public func create(
        _ spec: ContainerSpec, credentials: [String: [UInt8]] = [:]
    ) async throws -> ContainerView {
        try await make(spec, credentials).view
    }

    /// Starts a container and answers when its program runs.
    public func start(_ target: String, stdio: ContainerStdio = ContainerStdio()) async throws -> ContainerView {
        try await begin(target, stdio: stdio).view
    }

    /// The same, for a starter who stays.
    public func begin(_ target: String, stdio: ContainerStdio) async throws -> Run {
        let container = try find(target)
        try await start(container, stdio: stdio)
        return Run(container: container, view: container.view)
    }

    /// Creates and starts; a failure to start leaves nothing of a container that removes itself.
    ///
    /// `made` hears the id before anything is started, so that a caller can find the container whatever comes.
    public func run(
        _ spec: ContainerSpec, credentials: [String: [UInt8]] = [:], stdio: ContainerStdio,
        made: @Sendable (ContainerID) -> Void
    ) async throws -> Run {
        let container = try await make(spec, credentials)
        made(container.id)
        try await start(container, stdio: stdio)
        return Run(container: container, view: container.view)
    }

    /// A started container that stays known to its starter even after it removed itself.
    public struct Run: Sendable {
        let container: Container
        public let view: ContainerView
    }

    /// How it stands now.
    public func view(of run: Run) -> ContainerView { run.container.view }

    public func wait(for run: Run) async throws -> ExitRecord { try await wait(for: run.container) }

    public func wait(_ target: String) async throws -> (ContainerView, ExitRecord) {
        let container = try find(target)
        let record = try await wait(for: container)
        return (container.view, record)
    }

    /// Removes a container. Answers when nothing of it is left, so that a crash after the answer brings nothing back.
    ///
    /// Throws `container.not_stopped` when a process of it can't be killed; it is removed when that is gone.
    /// - Parameter volumes: Whether the volumes that nobody named go with it, as with a container that removes itself.
    public func remove(_ target: String, force: Bool, volumes: Bool = false) async throws {
        let container = try find(target)
        if force { await untilStarted(container) }
        if volumes { container.takesVolumes = true }
        try feed(container, .remove(force: force))
        if container.life.state.pid != nil { _ = try await wait(for: container, isPatient: false) }
        // Behind the clean-up, which drew its numbers before.
        await container.turn.take()
        container.turn.give()
    }

    // MARK: The life of one container

    /// Gives the event to the container's life and performs what it answers.
    func feed(_ container: Container, _ input: ContainerLife.Input) throws(AgentError) {
        for action in try container.life.handle(input) { perform(action, on: container) }
        if container.life.state.isEnd { endWaits(container) }
        followPause(of: container)
        changed(container)
    }

    private func perform(_ action: ContainerLife.Action, on container: Container) {
        switch action {
        case .launch: break  // `start(_:stdio:)` goes on with it: it has the caller's descriptors
        case .signal(let number): signal(container, number)
        case .startGrace(let seconds): startGrace(container, seconds)
        case .cancelGrace: container.grace = nil
        case .freeze: freeze(container, true)
        case .thaw: freeze(container, false)
        case .killAll: killAll(container)
        case .release:
            let number = container.turn.draw()
            later { await self.release(container, number) }
        case .startRest(let rest): startRest(container, rest)
        case .cancelRest: container.rest = nil
        case .tell(let kind): tell(kind, of: container)
        case .forget: forget(container)
        }
    }
}
