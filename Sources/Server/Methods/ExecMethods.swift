internal import Engine
internal import JSON
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// The methods about programs beside a container's main process.
struct ExecMethods {
    let engine: Engine
    let streams: StreamTokens

    @Loop func register(on router: Router) {
        let (engine, streams) = (engine, streams)
        router.on(ExecRun.self) { params, context in try await run(params, context) }
        router.onQuick(ExecList.self) { params, _ in
            ExecList.Result(execs: try engine.assumeIsolated { try $0.execs(of: params.container) }.map(ExecInfo.init))
        }
        router.onQuick(ExecGet.self) { params, _ in
            ExecInfo(try engine.assumeIsolated { try $0.exec(params.exec, of: params.container) })
        }
        router.on(ExecWait.self) { params, _ in
            let view = try await engine.exec(params.exec, of: params.container)
            let exit = try await engine.wait(exec: params.exec, of: params.container)
            return ExecRun.Result(container: view.container, exec: params.exec, exit: exit)
        }
        router.on(ExecKill.self) { params, _ in
            let signal = try params.signal.map { try Signal($0) } ?? .kill
            try await engine.kill(exec: params.exec, of: params.container, signal: signal)
            return Done()
        }
        router.onQuick(StreamJoin.self) { params, context in
            try streams.join(params.token, context)
            return Done()
        }
    }

    @Loop private func run(
        _ params: ExecRun.Params, _ context: RequestContext<ExecRun>
    ) async throws -> ExecRun.Result {
        let (run, tap) = try await start(params, context)
        let (view, number) = (run.view, String(run.view.number))
        guard params.detach != true else {
            return ExecRun.Result(container: view.container, exec: number, exit: nil)
        }
        let input = params.terminal == nil ? nil : try? await engine.input(of: run)
        context.progress(
            ["container": .string(view.container.description), "exec": .string(number)], [input].compactMap { $0 })
        context.onlyWaits()
        do {
            try await tap?.send(to: context)
            let exit = try await engine.wait(for: run)
            return ExecRun.Result(container: view.container, exec: number, exit: exit)
        } catch let left as CancellationError {
            await leave(run, context.parting)
            throw left
        }
    }

    /// In a place of its own, so that nothing holds the caller's descriptors when the program runs.
    @Loop private func start(
        _ params: ExecRun.Params, _ context: RequestContext<ExecRun>
    ) async throws -> (Engine.ExecRun, OutputTap?) {
        var stdio = try context.streams(params.stdio)
        var tap: OutputTap?
        if params.stream == true {
            let socket = try await streams.connection(for: context)
            stdio = ContainerStdio(stdin: params.interactive == true ? socket : nil, stdout: socket, stderr: socket)
        } else if params.output == true, params.detach != true {
            tap = try OutputTap(for: &stdio, hasTerminal: params.terminal != nil)
        }
        return (try await engine.exec(in: params.container, ExecRequest(params), stdio: stdio), tap)
    }

    /// Nobody listens to a program whose client is gone, so it ends; one that was left on purpose lives.
    private func leave(_ run: Engine.ExecRun, _ parting: Parting?) async {
        switch parting {
        case .gone, .late: await engine.kill(run)
        case .cancelled: await engine.detach(starterOf: run)
        case .stopping, nil: break
        }
    }
}

extension ExecRequest {
    init(_ params: ExecRun.Params) {
        self.init(command: params.command)
        environment = params.environment ?? []
        workingDirectory = params.workingDirectory
        user = params.user
        terminal = params.terminal
        privileged = params.privileged ?? false
    }
}

extension ExecInfo {
    init(_ view: ExecView) {
        self.init(
            exec: String(view.number), container: view.container, command: view.command, user: view.user,
            terminal: view.terminal, pid: view.pid, startedAt: view.startedAt, exit: view.exit)
    }
}
