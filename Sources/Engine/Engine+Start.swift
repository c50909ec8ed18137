internal import Drivers
internal import JSON
internal import LaunchPlan
public import Linux
internal import Model

/// The caller's own descriptors for a program's streams; `nil` leaves a stream to the log, or to /dev/null.
public struct ContainerStdio: Sendable {
    public var stdin: Descriptor?
    public var stdout: Descriptor?
    public var stderr: Descriptor?

    public init(stdin: Descriptor? = nil, stdout: Descriptor? = nil, stderr: Descriptor? = nil) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

extension Engine {
    /// Writes the record before the container is known to anybody, so a crash leaves either none or a whole one.
    func make(_ spec: ContainerSpec) async throws -> Container {
        try spec.validate()
        try check(network: spec.network)
        let image = try await parts.images.resolve(spec.image)
        if let name = spec.name, let holder = names[name] {
            throw AgentError(
                .containerNameInUse, "the name \(name) belongs to container \(holder): remove or choose another",
                details: ["container": .string(holder.description)])
        }
        let record = ContainerRecord(id: newID(), spec: spec, image: image.id, createdAt: now())
        let container = Container(record: record)
        // Taken before the first await below, so that no other create can have the name or the id.
        containers[record.id] = container
        if let name = spec.name { names[name] = record.id }
        do {
            try await parts.ledger.create(record)
        } catch {
            drop(container)
            throw error
        }
        tell(.containerCreated, of: container)
        return container
    }

    private func newID() -> ContainerID {
        var id = ContainerID.random()
        while containers[id] != nil { id = .random() }
        return id
    }

    private func check(network: String) throws(AgentError) {
        guard parts.networks[network] == nil else { return }
        let known = parts.networks.keys.sorted().joined(separator: ", ")
        throw AgentError(.driverNotFound, "there is no network \"\(network)\": there are \(known)")
    }

    /// The walk of `start`: each step's result is the next step's argument; what a step may leave behind is on the undo
    /// list before it begins.
    func start(_ container: Container, stdio: ContainerStdio) async throws {
        await container.turn.take()
        defer { container.turn.give() }
        try feed(container, .start)
        container.launch = .begun
        container.record.exit = nil
        container.record.error = nil
        do {
            let image = try await parts.images.resolve(container.record.image)
            let block = try takeIDs(for: container)
            let run = try openRunDirectory(of: container)
            let attachment = try await attach(container, run: run)
            let root = try await prepareRoot(container, image: image, block: block)
            let isolation = try await plan(container, image, block, run, attachment, root)
            let order = try order(container, isolation, run, stdio)
            try await launch(order, of: container)
        } catch {
            let story =
                (error as? AgentError)
                ?? AgentError(.hostFailed, "the container could not be started").caused(by: error)
            container.record.error = story
            try feed(container, .launchFailed(story))
            throw story
        }
    }

    // MARK: The steps

    private func takeIDs(for container: Container) throws -> IDRange {
        container.undo.append(.ids)
        let block = try ids.take()
        container.record.ids = block
        return block
    }

    private func openRunDirectory(of container: Container) throws -> RunDirectory {
        container.undo.append(.runDirectory)
        return try parts.ledger.begin(container.record)
    }

    private func attach(_ container: Container, run: RunDirectory) async throws -> Attachment {
        container.undo.append(.network)
        let spec = container.record.spec
        guard let network = parts.networks[spec.network] else {
            throw AgentError(.driverNotFound, "there is no network \"\(spec.network)\" any more")
        }
        let hostname = container.hostname
        let attachment = try await network.attach(
            AttachRequest(container: container.id, network: spec.network, hostname: hostname))
        try run.write(EtcFiles(hostname: hostname, attachment: attachment), owner: container.record.ids)
        return attachment
    }

    private func prepareRoot(_ container: Container, image: ResolvedImage, block: IDRange) async throws -> Rootfs {
        container.undo.append(.rootfs)
        let request = RootfsRequest(
            container: container.id, layers: image.layers, readOnly: container.record.spec.readOnly, ids: block,
            idMap: try idMap(for: block), ephemeral: container.record.spec.remove)
        return try await parts.storage.prepareRootfs(request)
    }

    /// One namespace for each block, kept: it holds no process, only a map, so it serves every container of that block.
    private func idMap(for block: IDRange) throws -> Descriptor {
        if let map = idMaps[block.base] { return map }
        // The second line lets the host's root own overlayfs' work directory through the id-mapped mount.
        let lines = [
            IDMapping(inside: 0, outside: block.base, count: block.count),
            IDMapping(inside: block.count, outside: 0, count: 1),
        ]
        let map = try UserNamespace.make(uidMap: lines, gidMap: lines)
        idMaps[block.base] = map
        return map
    }

    private func plan(
        _ container: Container, _ image: ResolvedImage, _ block: IDRange, _ run: RunDirectory, _ attachment: Attachment,
        _ root: Rootfs
    ) async throws -> IsolationPlan {
        let process = try ProcessSpec(spec: container.record.spec, image: image.config, hostname: container.hostname)
        let request = PlanRequest(
            container: container.id, process: process, limits: container.record.spec.limits, ids: block,
            network: attachment.namespace, root: root.mount, files: run.files.descriptor)
        return try await parts.isolation.plan(request)
    }

    /// Completes the driver's plan with what is the agent's own: the cgroup, the streams, the log, the run directory.
    private func order(
        _ container: Container, _ isolation: IsolationPlan, _ run: RunDirectory, _ stdio: ContainerStdio
    ) throws -> LaunchOrder {
        container.undo.append(.cgroup)
        let cgroup = try parts.cgroups.make(container.id, settings: isolation.cgroup)
        var order = LaunchOrder(plan: isolation.plan, descriptors: isolation.descriptors)
        order.plan.cgroup = order.add(cgroup)
        order.plan.run = order.add(run.directory.descriptor)
        order.plan.stdio = order.connect(stdio, owner: container.record.ids)
        let bounds = container.record.spec.remove ? settings.log.inMemory : settings.log
        order.plan.log = Log(
            directory: order.add(try parts.ledger.logDirectory(of: container.record).descriptor),
            maxBytes: bounds.bytes,
            files: bounds.files)
        return order
    }

    private func launch(_ order: LaunchOrder, of container: Container) async throws {
        let steps = order.plan.steps
        container.monitor = try await parts.launcher.launch(order) { [self] report in
            assumeIsolated { $0.take(report, of: container, steps: steps) }
        }
        try await container.launched()
    }

    // MARK: What the monitor reports

    func take(_ report: MonitorReport, of container: Container, steps: [LaunchStep]) {
        switch report {
        case .launched(let pid, let process):
            container.process = process
            container.record.startedAt = now()
            note(container, .launched(pid: pid))
            container.finishLaunch(.success(()))
        case .failed(let step, let errno):
            container.finishLaunch(.failure(AgentError(launchStep: step, of: steps, errno: errno)))
        case .exited(let record):
            end(container, record)
        case .gone:
            gone(container)
        }
    }

    /// The kernel's or the monitor's word, which a life never refuses.
    private func note(_ container: Container, _ input: ContainerLife.Input) {
        do { try feed(container, input) } catch { parts.complain(error, container.id) }
    }

    private func end(_ container: Container, _ record: ExitRecord) {
        container.record.exit = record
        container.process = nil
        note(container, .exited(record))
    }

    /// The monitor went away. If it had not told of an end before, its last word may lie in the run directory; without
    /// one it was killed, and the container must not live on unwatched.
    private func gone(_ container: Container) {
        container.monitor = nil
        guard !container.life.state.isOver else { return }
        if let record = parts.ledger.exitRecord(of: container.id) { return end(container, record) }
        container.finishLaunch(
            .failure(AgentError(.containerLaunchFailed, "the monitor ended before the program began")))
        guard container.life.state.pid != nil else { return }
        parts.cgroups.kill(container.id)
        end(container, ExitRecord(status: nil, signal: nil, oom: false, time: now()))
    }
}

extension Container {
    /// What the program will call its host: as asked, or the beginning of the id, as docker does.
    var hostname: String { record.spec.hostname ?? String(id.description.prefix(12)) }

    /// Waits for the monitor's word, which may have come before anybody waited for it.
    func launched(isolation: isolated (any Actor)? = #isolation) async throws {
        if case .over(let result) = launch { return try result.get() }
        try await withCheckedThrowingContinuation { launch = .awaited($0) }
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
