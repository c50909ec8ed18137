internal import Engine
internal import JSON
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// The methods of those who stay with a container.
struct AttachMethods {
    let engine: Engine
    let streams: StreamTokens

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(ContainerAttach.self) { params, context in try await attach(params, context) }
        router.on(ContainerResize.self) { params, _ in
            try await engine.resize(params.container, params.terminalSize)
            return Done()
        }
        router.on(ExecResize.self) { params, _ in
            try await engine.resize(exec: params.exec, of: params.container, params.terminal)
            return Done()
        }
    }

    @Loop private func attach(
        _ params: ContainerAttach.Params, _ context: RequestContext<ContainerAttach>
    ) async throws -> ContainerRun.Result {
        let (run, watcher) = try await begin(params, context)
        let id = run.view.id
        context.progress(["id": .string(id.description), "attached": true], [watcher.input].compactMap { $0 })
        do {
            return ContainerRun.Result(id: id, name: run.view.spec.name, exit: try await engine.wait(for: run))
        } catch let left as CancellationError {
            await engine.detach(watcher)
            throw left
        }
    }

    /// In a place of its own, so that nothing holds the caller's descriptors while he watches.
    @Loop private func begin(
        _ params: ContainerAttach.Params, _ context: RequestContext<ContainerAttach>
    ) async throws -> (Engine.Run, Engine.Watcher) {
        // By its id: whoever waits for a stream must not come to the next container of that name.
        let id = try await engine.get(params.container).id.description
        var stdio = try context.streams(params.stdio)
        if params.stream == true {
            let socket = try await streams.connection(for: context)
            (stdio.stdout, stdio.stderr) = (socket, socket)
        }
        stdio.terminal = params.terminalSize
        if let lines = params.replay {
            var log = LogStream(reader: try await engine.log(of: id, tail: lines), since: nil)
            try await log.send(to: context, follow: false, engine: engine) { true }
        }
        return try await engine.attach(id, stdio: stdio)
    }
}
