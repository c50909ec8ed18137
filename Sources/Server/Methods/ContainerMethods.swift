internal import Engine
internal import JSON
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// The container methods: each decodes nothing and decides nothing; it hands typed values to the engine and back.
struct ContainerMethods {
    let engine: Engine
    let streams: StreamTokens

    @Loop func register(on router: Router) {
        let engine = engine
        router.onQuick(ContainerList.self) { params, _ in
            ContainerList.Result(
                containers: engine.assumeIsolated { $0.list() }.filter(params.matches).map(ContainerInfo.init))
        }
        router.onQuick(ContainerGet.self) { params, _ in
            try ContainerInfo(engine.assumeIsolated { try $0.get(params.container) })
        }
        router.on(ContainerCreate.self) { params, context in
            let contents = try await context.contents(of: params.credentialContents)
            return ContainerInfo(try await engine.create(params.spec, credentials: contents))
        }
        router.on(ContainerStart.self) { params, context in try await start(params, context) }
        router.on(ContainerRun.self) { params, context in try await run(params, context) }
        router.on(ContainerStop.self) { params, _ in
            ContainerInfo(
                try await engine.stop(
                    params.container, grace: try params.grace, dependents: params.dependents ?? false))
        }
        router.on(ContainerKill.self) { params, _ in
            try await engine.kill(params.container, signal: params.signal.map { try Signal($0) } ?? .kill)
            return Done()
        }
        router.on(ContainerWait.self) { params, _ in
            if let condition = (params.condition?.rawValue).flatMap(Dependency.Condition.init) {
                let container = try await engine.wait(params.container, for: condition)
                return ContainerRun.Result(id: container.id, name: container.spec.name, exit: nil)
            }
            let (container, exit) = try await engine.wait(params.container)
            return ContainerRun.Result(id: container.id, name: container.spec.name, exit: exit)
        }
        router.on(ContainerRemove.self) { params, _ in
            try await engine.remove(
                params.container, force: params.force ?? false, volumes: params.volumes ?? false)
            return Done()
        }
        router.on(ContainerLogs.self) { params, context in
            // By its id: a follower must not go over to the next container of that name.
            let id = try await engine.get(params.container).id.description
            var log = LogStream(reader: try await engine.log(of: id, tail: params.tail), since: params.since)
            try await log.send(to: context, follow: params.follow ?? false, engine: engine) { await engine.isOver(id) }
            return Done()
        }
    }

    @Loop private func run(
        _ params: ContainerRun.Params, _ context: RequestContext<ContainerRun>
    ) async throws -> ContainerRun.Result {
        let run = try await start(params, context)
        guard !params.detach else {
            return ContainerRun.Result(id: run.view.id, name: run.view.spec.name, exit: nil)
        }
        let exit = try await stay(with: run, context) {
            guard params.output else { return }
            var log = LogStream(reader: try await engine.log(of: run), since: nil)
            try await log.send(to: context, follow: true, engine: engine) { await engine.isOver(run) }
        }
        return ContainerRun.Result(id: run.view.id, name: run.view.spec.name, exit: exit)
    }

    @Loop private func start(
        _ params: ContainerStart.Params, _ context: RequestContext<ContainerStart>
    ) async throws -> ContainerInfo {
        let run = try await begin(params, context)
        guard params.attach == true else { return ContainerInfo(run.view) }
        _ = try await stay(with: run, context) {}
        return ContainerInfo(await engine.view(of: run))
    }

    @Loop private func begin(
        _ params: ContainerStart.Params, _ context: RequestContext<ContainerStart>
    ) async throws -> Engine.Run {
        var stdio = try context.streams(params.stdio)
        stdio.terminal = params.terminalSize
        return try await engine.begin(params.container, stdio: stdio)
    }

    /// Stays with a program until it ends. Whoever leaves it before gets nothing of it any more, and it goes on.
    @Loop private func stay<M>(
        with run: Engine.Run, _ context: RequestContext<M>, _ meanwhile: () async throws -> Void
    ) async throws -> ExitRecord {
        let spec = run.view.spec
        if spec.terminal == true || spec.interactive, let watcher = try? await engine.input(of: run),
            let input = watcher.input
        {
            context.progress(["id": .string(run.view.id.description), "attached": true], [input])
        }
        context.onlyWaits()
        do {
            try await meanwhile()
            return try await engine.wait(for: run)
        } catch let left as CancellationError {
            if context.parting != .stopping { await engine.detach(starterOf: run) }
            throw left
        }
    }

    /// In a place of its own, so that nothing holds the caller's descriptors when the program runs.
    @Loop private func start(
        _ params: ContainerRun.Params, _ context: RequestContext<ContainerRun>
    ) async throws -> Engine.Run {
        var stdio = try context.streams(params.stdio)
        if params.stream == true {
            let socket = try await streams.connection(for: context)
            stdio = ContainerStdio(stdin: params.spec.interactive ? socket : nil, stdout: socket, stderr: socket)
        }
        stdio.terminal = params.terminalSize
        let contents = try await context.contents(of: params.credentialContents)
        return try await engine.run(params.spec, credentials: contents, stdio: stdio) { id in
            Loop.assumeIsolated { context.progress(["id": .string(id.description)]) }
        }
    }
}

extension ContainerInfo {
    init(_ view: ContainerView) {
        self.init(id: view.id, spec: view.spec, state: view.status, image: view.image, labels: view.labels)
    }
}

extension ContainerList.Params {
    func matches(_ view: ContainerView) -> Bool {
        (phases?.contains(view.status.phase) ?? true)
            && (labels ?? [:]).allSatisfy { view.labels[$0.key] == $0.value }
    }
}

extension ContainerStop.Params {
    /// Seconds of grace, checked.
    var grace: Int? {
        get throws(AgentError) {
            if let timeout, !(0...3600).contains(timeout) {
                throw AgentError(.requestInvalid, "timeout is 0 to 3600 seconds")
            }
            return timeout
        }
    }
}

extension RequestContext {
    /// The caller's own descriptors, by their index in what came with the line.
    func streams(_ stdio: Stdio?) throws(AgentError) -> ContainerStdio {
        ContainerStdio(
            stdin: try descriptor(stdio?.stdin), stdout: try descriptor(stdio?.stdout),
            stderr: try descriptor(stdio?.stderr))
    }

    func descriptor(_ index: Int?) throws(AgentError) -> Descriptor? {
        guard let index else { return nil }
        guard descriptors.indices.contains(index) else {
            throw AgentError(
                .requestInvalid, "there is no descriptor \(index): \(descriptors.count) came with the line (SCM_RIGHTS)"
            )
        }
        return descriptors[index]
    }
}
