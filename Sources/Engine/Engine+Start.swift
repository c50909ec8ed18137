internal import Drivers
internal import JSON
internal import LaunchPlan
public import Linux
public import Model

/// The caller's own descriptors for a program's streams; `nil` leaves a stream to the log, or to /dev/null.
public struct ContainerStdio: Sendable {
    public var stdin: Descriptor?
    public var stdout: Descriptor?
    public var stderr: Descriptor?
    /// How large the program's terminal is, where it gets one.
    public var terminal: TerminalSize?

    public init(stdin: Descriptor? = nil, stdout: Descriptor? = nil, stderr: Descriptor? = nil) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

extension Engine {
    /// Writes the record before the container is known to anybody, so a crash leaves either none or a whole one.
    func make(_ spec: ContainerSpec, _ credentials: [String: [UInt8]]) async throws -> Container {
        let spec = settled(spec)
        try spec.validate()
        try check(credentials, for: spec)
        for connection in spec.connections where connection.sharedContainer == nil {
            try checkNetwork(connection.network)
        }
        try spec.stopSignal.map { _ = try Signal($0) }
        try await check(mountsOf: spec)
        let image = try await parts.images.resolve(spec.image)
        let mountedImages = try await mountedImages(of: spec)
        if let name = spec.name, let holder = names[name] {
            throw AgentError(
                .containerNameInUse, "the name \(name) belongs to container \(holder): remove or choose another",
                details: ["container": .string(holder.description)])
        }
        let labels = image.config.labels.merging(spec.labels) { _, own in own }
        var record = ContainerRecord(
            id: newID(), spec: spec, image: image.id, labels: labels, health: spec.probed(by: image.config),
            createdAt: now())
        record.volumes = anonymousVolumes(of: spec, image: image.config)
        record.mountedImages = mountedImages
        let container = Container(record: record)
        // Taken before the first await below, so that no other create can have the name or the id.
        containers[record.id] = container
        if let name = spec.name { names[name] = record.id }
        do {
            // The image may have been on its way out. Whoever removes one after this line finds it in use.
            for id in [image.id] + (mountedImages ?? [:]).values { _ = try await parts.images.resolve(id) }
            try refuseCycle(through: container)
            if spec.remove {
                container.credentials = credentials
            } else {
                try await parts.ledger.create(record, credentials)
            }
        } catch {
            drop(container)
            throw AgentError(wrapping: error, "the container could not be recorded")
        }
        container.isMade = true
        tell(.containerCreated, of: container)
        return container
    }

    private func newID() -> ContainerID {
        var id = ContainerID.random()
        while containers[id] != nil { id = .random() }
        return id
    }

    /// The walk of `start`: each step's result is the next step's argument; what a step may leave behind is on the undo
    /// list before it begins.
    ///
    /// `byItself`: its restart policy wants it, nobody else; then it is no error when it is not wanted any longer.
    func start(_ container: Container, stdio: ContainerStdio, byItself: Bool = false) async throws {
        // One that starts again a moment after its end takes what it depends on as it is.
        let waits = container.record.spec.dependsOn?.isEmpty == false && !(byItself && container.run > 0)
        if waits { try await awaitDependencies(of: container, byItself: byItself) }
        await container.turn.take()
        defer { container.turn.give() }
        try stillHere(container)
        // Another run may have come and gone while this start waited, and its clean-up waits behind it.
        if container.life.state.isAtRest, !container.undo.isEmpty { await takeBack(container) }
        if waits { try stillWaits(container) }
        try feed(container, byItself ? .again : .start)
        guard case .starting = container.life.state else { return }
        container.beginRun(keepingExit: byItself)
        do {
            let image = try await parts.images.resolve(container.record.image)
            container.stopSignal = container.signalToStop(image.config)
            let block = try takeIDs(for: container)
            let run = try openRunDirectory(of: container)
            let attachment = try await connect(container, image.config, run)
            let root = try await prepareRoot(container, image: image, block: block)
            try remember(root, of: container)
            let devices = try await grant(container, block)
            let isolation = try await plan(container, image, block, run, attachment, root, devices)
            try isolation.check(ids: block)
            let order = try order(container, isolation, run, stdio, devices)
            try await launch(order, of: container)
        } catch {
            let story = AgentError(wrapping: error, "the container could not be started")
            container.record.error = story
            try feed(container, .launchFailed(story))
            throw story
        }
    }

    // MARK: The steps

    private func openRunDirectory(of container: Container) throws -> RunDirectory {
        container.undo.append(.runDirectory)
        return try parts.ledger.begin(container.present)
    }

    private func prepareRoot(_ container: Container, image: ResolvedImage, block: IDRange?) async throws -> Rootfs {
        container.undo.append(.rootfs)
        let spec = container.record.spec
        var request = RootfsRequest(
            container: container.id, layers: image.layers, readOnly: spec.readOnly, ids: block,
            idMap: try block.map { try idMap(for: $0) }, ephemeral: spec.remove)
        request.size = spec.rootSize
        let root = try await parts.storage.prepareRootfs(request)
        let mounts = container.record.mounts
        guard spec.readOnly, !mounts.isEmpty, !(try await hasPlaces(for: mounts, in: root)) else { return root }
        // Places are made while it can be written; the launch makes it read-only afterwards.
        request.readOnly = false
        return try await parts.storage.prepareRootfs(request)
    }

    private func plan(
        _ container: Container, _ image: ResolvedImage, _ block: IDRange?, _ run: RunDirectory,
        _ attachment: Attachment,
        _ root: Rootfs, _ devices: DeviceGrants?
    ) async throws -> IsolationPlan {
        var process = try ProcessSpec(spec: container.record.spec, image: image.config, hostname: container.hostname)
        process.environment += devices?.environment ?? []
        var request = PlanRequest(
            container: container.id, process: process, limits: container.record.spec.limits, ids: block,
            network: attachment.namespace, root: root.mount, files: run.files.descriptor)
        request.options = IsolationOptions(container.record.spec)
        request.mounts = try await openMounts(of: container, root: root, granted: devices?.mounts ?? [])
        if let devices { request.mounts += try DeviceNodes.make(devices.devices, ids: block) }
        let handover = try await handover(to: container, run)
        handover?.extend(&request)
        let isolation = try await parts.isolation.plan(request)
        // Only the plan knows whose they shall be.
        try handover?.credentials?.give(to: isolation.plan.user, of: container.record.ids)
        return isolation
    }

    /// What its devices need; `nil` for a container without any in a user namespace of its own, where none can be reached.
    private func grant(_ container: Container, _ ids: IDRange?) async throws -> DeviceGrants? {
        let spec = container.record.spec
        guard spec.devices != nil || ids == nil else { return nil }
        return try await blocking { try DeviceGrants(spec, hasUserNamespace: ids != nil) }
    }

    /// Completes the driver's plan with what is the agent's own: the cgroup, the streams, the log, the run directory.
    private func order(
        _ container: Container, _ isolation: IsolationPlan, _ run: RunDirectory, _ stdio: ContainerStdio,
        _ devices: DeviceGrants?
    ) throws -> LaunchOrder {
        container.undo.append(.cgroup)
        let cgroup = try parts.cgroups.make(container.id, settings: isolation.cgroup)
        try devices?.filter?.apply(to: cgroup)
        let log = try parts.ledger.logDirectory(of: container.record)
        container.log = log
        if container.record.spec.remove { container.output = try LogReader(directory: log, tail: nil) }
        var order = LaunchOrder(plan: isolation.plan, descriptors: isolation.descriptors)
        order.plan.cgroup = order.add(cgroup)
        order.plan.run = order.add(run.directory.descriptor)
        order.plan.stdio = order.connect(stdio, to: container)
        let bounds = container.record.spec.remove ? settings.log.inMemory : settings.log
        order.plan.log = Log(
            directory: order.add(log.descriptor), maxBytes: bounds.bytes, files: bounds.files)
        return order
    }

    private func launch(_ order: LaunchOrder, of container: Container) async throws {
        let (steps, run) = (order.plan.steps, container.run)
        container.monitors[run] = try await parts.launcher.launch(order) { [self] report in
            assumeIsolated { $0.take(report, of: container, run: run, steps: steps) }
        }
        let alarm = try parts.reactor.after(Self.patienceForLaunch) { [self] in
            assumeIsolated { $0.launchIsLate(container, run) }
        }
        defer { withExtendedLifetime(alarm) {} }
        try await container.launched()
    }

    /// A launch takes milliseconds, unless the kernel holds it: at a file system whose server is away, for one. A stop, a
    /// removal and a restart wait behind the start.
    static let patienceForLaunch = Duration.seconds(30)

    /// Where the launch is held is read before it is killed; what can't die is removed with its group when it can.
    private func launchIsLate(_ container: Container, _ run: Int) {
        guard run == container.run, case .awaited = container.launch else { return }
        let held = StuckProcess.story(of: parts.cgroups.group(of: container.id))
        parts.cgroups.kill(container.id)
        container.finishLaunch(.failure(lateLaunch(held)))
    }

    func lateLaunch(_ held: AgentError) -> AgentError {
        AgentError(
            .containerLaunchFailed,
            "the program did not begin within \(Self.patienceForLaunch.components.seconds) seconds", retryable: true,
            cause: held.cause)
    }

    // MARK: What the monitor reports

    func take(_ report: MonitorReport, of container: Container, run: Int, steps: [LaunchStep]) {
        if case .gone = report {
            container.monitors[run] = nil
            if run == container.run { container.attaching.giveUp() }
        }
        // A launch that was given up is killed, whatever it still tells of itself.
        guard run == container.run, !container.launch.hasFailed else { return }
        switch report {
        case .launched(let pid, let process):
            container.process = process
            container.record.startedAt = now()
            note(container, .launched(pid: pid))
            beginHealth(of: container)
            if container.ready == true { awaitWatchdog(of: container) }
            keepStart(of: container)
            watchMemory(of: container)
            container.finishLaunch(.success(()))
        case .failed(let step, let errno):
            container.finishLaunch(.failure(AgentError(launchStep: step, of: steps, errno: errno)))
        case .exited(let record):
            end(container, record)
        case .attached(let number, let input):
            container.attaching.settle(number, input)
        case .gone:
            gone(container)
        }
    }

    /// Writes the drivers' handles where a recovery finds them; most drivers have none.
    private func remember(_ root: Rootfs, of container: Container) throws {
        guard root.handle != .null || container.record.connections != nil || container.record.network != nil else {
            return
        }
        container.record.rootfs = root.handle
        _ = try parts.ledger.begin(container.present)
    }

    /// The kernel's or the monitor's word, which a life never refuses.
    func note(_ container: Container, _ input: ContainerLife.Input) {
        do { try feed(container, input) } catch { parts.complain(error, container.id) }
    }

    func end(_ container: Container, _ record: ExitRecord) {
        endHealth(of: container)
        endNotify(of: container)
        // A program may have ended before its start was heard of.
        container.record.startedAt = container.record.startedAt.map { min($0, record.time) }
        container.record.exit = story(of: record, container)
        let record = container.record.exit ?? record
        (container.process, container.patience, container.rest) = (nil, nil, nil)
        note(container, .exited(record))
        // It must have begun, whether or not that was told.
        container.finishLaunch(.success(()))
    }

    /// The monitor went away. If it had not told of an end before, its last word may lie in the run directory; without
    /// one it was killed, and the container must not live on unwatched.
    private func gone(_ container: Container) {
        let record = parts.ledger.exitRecord(of: container.id)
        switch container.life.state {
        case .starting where record?.isKnown != true:
            // `start` waits for this, or knows of a failure already and is about to tell it.
            container.finishLaunch(
                .failure(AgentError(.containerLaunchFailed, "the monitor ended before the program began")))
        case .starting, .running, .paused, .stopping:
            if record == nil { parts.cgroups.kill(container.id) }
            end(container, record ?? ExitRecord(status: nil, signal: nil, oom: false, time: now()))
        case .created, .waiting, .restarting, .exited, .failed, .removing: break
        }
    }
}

extension Container {
    /// What the program will call its host: as asked, or the beginning of the id, as docker does.
    var hostname: String { record.spec.hostname ?? String(id.description.prefix(12)) }

    /// Forgets the run before, but for how it ended where that is why there is another.
    func beginRun(keepingExit: Bool) {
        run += 1
        launch = .begun
        process = nil
        (ready, message, health) = (nil, nil, nil)
        execs = [:]
        // The monitor that was asked is no longer listened to.
        attaching.giveUp()
        (record.startedAt, record.error) = (nil, nil)
        if !keepingExit { record.exit = nil }
        (record.rootfs, record.connections, record.network) = (nil, nil, nil)
    }

    /// Waits for the monitor's word, which may have come before anybody waited for it.
    func launched(isolation: isolated (any Actor)? = #isolation) async throws {
        if case .over(let result) = launch { return try result.get() }
        try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
            // Looked at again: the loop may have turned between the look above and here.
            if case .over(let result) = launch { waiter.resume(with: result) } else { launch = .awaited(waiter) }
        }
    }

    func finishLaunch(_ result: Result<Void, any Error>) {
        switch launch {
        case .begun: launch = .over(result)
        case .awaited(let waiter):
            launch = .over(result)
            waiter.resume(with: result)
        case .over: break
        }
    }
}

extension ExitRecord {
    /// A monitor whose launch failed leaves a record that tells of no end.
    var isKnown: Bool { status != nil || signal != nil }
}

extension AgentError {
    /// The error itself when it is a story already; else one around it.
    init(wrapping error: any Error, _ message: String) {
        switch error {
        case let story as AgentError: self = story
        case let plan as PlanError:
            self = AgentError(.driverBadReply, "the isolation driver's plan can't be carried out").caused(by: plan)
        case let errno as Errno where errno == .noSpace:
            self = AgentError(.hostNoSpace, "\(message): no space is left; free some", retryable: true)
                .caused(by: error)
        default: self = AgentError(.hostFailed, message).caused(by: error)
        }
    }
}
