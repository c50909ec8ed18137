internal import Drivers
internal import LaunchPlan
internal import Linux
public import Model

extension Engine {
    /// So many ended ones of a container are remembered.
    private static let remembered = 64

    /// An exec that was started, for those who stay with it.
    public struct ExecRun: Sendable {
        let exec: Exec
        public let view: ExecView
    }

    // MARK: Starting

    /// Starts a program in a running container and answers when it runs.
    public func exec(in target: String, _ request: ExecRequest, stdio: ContainerStdio) async throws -> ExecRun {
        try request.validate()
        let container = try find(target)
        let (pid, process) = try mainProcess(of: container)
        let (spec, options) = try await merge(request, with: container)
        let exec = begin(request, user: spec.user, in: container)
        do {
            let root = try openRoot(of: pid, process)
            let plan = try await parts.isolation.planExec(
                ExecPlanRequest(
                    container: container.id, process: spec, ids: container.record.ids, target: process.descriptor,
                    root: root, network: container.record.spec.network == "host" ? .host : .own, options: options))
            try plan.check(ids: container.record.ids, joins: true)
            try await launch(order(exec, plan, stdio, request.terminal, in: container), of: exec, in: container)
        } catch {
            let story = story(of: error, in: container)
            exec.end.settle(.failure(story))
            await abandon(exec, of: container)
            throw story
        }
        return ExecRun(exec: exec, view: exec.view)
    }

    private func mainProcess(of container: Container) throws(AgentError) -> (pid: Int, Pidfd) {
        if case .running(let pid) = container.life.state, let process = container.process { return (pid, process) }
        let advice =
            switch container.life.state.phase {
            case .paused: "resume it first"
            case .starting, .stopping, .removing, .restarting, .waiting: "wait for it"
            case .created, .exited, .failed, .running: "start it first"
            }
        throw AgentError(
            .containerWrongState,
            "programs can be started in a running container, and it is"
                + " \(container.life.state.phase.rawValue): \(advice)")
    }

    /// What the program shall be, as the main process's own merge makes it, and the walls around it.
    private func merge(
        _ request: ExecRequest, with container: Container
    ) async throws -> (ProcessSpec, IsolationOptions?) {
        var wanted = container.record.spec
        wanted.entrypoint = []
        wanted.command = request.command
        wanted.environment += request.environment
        wanted.workingDirectory = request.workingDirectory ?? wanted.workingDirectory
        wanted.user = request.user ?? wanted.user
        wanted.terminal = request.terminal == nil ? nil : true
        wanted.initProcess = nil
        if request.privileged {
            var security = wanted.security ?? SecuritySpec()
            security.privileged = true
            wanted.security = security
        }
        let image = try await parts.images.resolve(container.record.image)
        let process = try ProcessSpec(spec: wanted, image: image.config, hostname: container.hostname)
        return (process, IsolationOptions(wanted))
    }

    private func begin(_ request: ExecRequest, user: String, in container: Container) -> Exec {
        container.lastExec += 1
        let record = ExecRecord(
            number: container.lastExec, command: request.command, user: user, terminal: request.terminal != nil,
            startedAt: now())
        let exec = Exec(record, in: container.id)
        exec.isProbe = request.isProbe
        container.execs[exec.number] = exec
        return exec
    }

    /// The process may have ended, and its number have become another's, before the directory was opened.
    private func openRoot(of pid: Int, _ process: Pidfd) throws -> Descriptor {
        let root = try Directory(path: "/proc/\(pid)/root").descriptor
        guard process.isAlive else { throw Errno.noSuchProcess }
        return root
    }

    private func order(
        _ exec: Exec, _ isolation: IsolationPlan, _ stdio: ContainerStdio, _ terminal: TerminalSize?,
        in container: Container
    ) throws -> LaunchOrder {
        let group = try parts.cgroups.makeExec(exec.number, of: container.id)
        exec.group = group
        let run = try parts.ledger.begin(exec.record, in: container.id)
        var order = LaunchOrder(plan: isolation.plan, descriptors: isolation.descriptors)
        order.plan.cgroup = order.add(group.descriptor)
        order.plan.run = order.add(run.directory.descriptor)
        order.plan.stdio = order.connect(stdio, terminal: terminal, owner: container.record.ids)
        return order
    }

    private func launch(_ order: LaunchOrder, of exec: Exec, in container: Container) async throws {
        let steps = order.plan.steps
        exec.monitor = try await parts.launcher.launch(order) { [self] report in
            assumeIsolated { $0.take(report, of: exec, in: container, steps: steps) }
        }
        let alarm = try parts.reactor.after(Self.patienceForLaunch) { [self] in
            assumeIsolated { $0.launchIsLate(exec) }
        }
        defer { withExtendedLifetime(alarm) {} }
        try await exec.launch.value()
    }

    private func launchIsLate(_ exec: Exec) {
        guard !exec.launch.isKnown else { return }
        let held = StuckProcess.story(of: exec.group)
        kill(exec)
        exec.launch.settle(.failure(lateLaunch(held)))
    }

    /// An end of the container in the middle is no failure of the host's.
    private func story(of error: any Error, in container: Container) -> AgentError {
        if container.life.state.isOver || container.life.state.pid == nil {
            return AgentError(.containerWrongState, "the container ended before the program could be started in it")
        }
        return AgentError(wrapping: error, "the program could not be started in the container")
    }

    // MARK: What its monitor reports

    private func take(_ report: MonitorReport, of exec: Exec, in container: Container, steps: [LaunchStep]) {
        switch report {
        case .launched(let pid, let process):
            (exec.pid, exec.process) = (pid, process)
            tell(.execStarted, of: exec, in: container)
            exec.launch.settle(.success(()))
        case .failed(let step, let errno):
            exec.launch.settle(.failure(AgentError(launchStep: step, of: steps, errno: errno)))
        case .exited(let record):
            end(exec, of: container, record)
        case .attached(let number, let input):
            exec.attaching.settle(number, input)
        case .gone:
            gone(exec, of: container)
        }
    }

    private func end(_ exec: Exec, of container: Container, _ record: ExitRecord) {
        guard !exec.end.isKnown else { return }
        var record = record
        record.startedAt = exec.record.startedAt
        exec.record.exit = record
        (exec.pid, exec.process) = (nil, nil)
        exec.launch.settle(.success(()))
        exec.end.settle(.success(record))
        tell(.execExited, of: exec, in: container)
        later { await self.release(exec, of: container) }
    }

    /// Its monitor went away. Without a last word nobody watches over what it started.
    private func gone(_ exec: Exec, of container: Container) {
        exec.monitor = nil
        exec.attaching.giveUp()
        guard !exec.end.isKnown else { return }
        guard exec.launch.isKnown else {
            let error = AgentError(.containerLaunchFailed, "the monitor ended before the program began")
            return exec.launch.settle(.failure(error))
        }
        guard exec.pid != nil else { return }
        let record = parts.ledger.exitRecord(of: exec.number, in: container.id)
        if record == nil { kill(exec) }
        end(exec, of: container, record ?? ExitRecord(status: nil, signal: nil, oom: false, time: now()))
    }

    // MARK: Leaving

    /// What outlives its first process, such as a daemon that it started, is the container's own from here on.
    private func release(_ exec: Exec, of container: Container) async {
        for milliseconds in [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] {
            guard container.execs[exec.number] === exec, exec.group != nil else { break }
            if exec.isKilled { try? exec.group?.kill() }
            do {
                try parts.cgroups.removeExec(exec.number, of: container.id)
                break
            } catch {
                guard error == .busy else { break }
            }
            try? await pause(.milliseconds(milliseconds))
        }
        exec.group = nil
        if exec.isProbe { forget(exec.number, of: container) }
        forgetOld(of: container)
    }

    private func forgetOld(of container: Container) {
        let ended = container.execs.values.filter { $0.record.exit != nil && $0.group == nil }.map(\.number).sorted()
        for number in ended.dropLast(Self.remembered) { forget(number, of: container) }
    }

    private func forget(_ number: Int, of container: Container) {
        container.execs[number] = nil
        do { try parts.ledger.forget(exec: number, of: container.id) } catch {
            parts.complain(AgentError(.hostFailed, "the record of an exec stays").caused(by: error), container.id)
        }
    }

    /// It never ran.
    private func abandon(_ exec: Exec, of container: Container) async {
        exec.isKilled = true
        await release(exec, of: container)
        forget(exec.number, of: container)
    }

    // MARK: Looking, waiting, ending

    /// Those of this run of the container that run, and the last that have ended; the oldest first.
    public func execs(of target: String) throws(AgentError) -> [ExecView] {
        try find(target).execs.values.filter { !$0.isProbe }.map(\.view).sorted { $0.number < $1.number }
    }

    public func exec(_ number: String, of target: String) throws(AgentError) -> ExecView {
        try find(exec: number, of: target).view
    }

    func find(exec number: String, of target: String) throws(AgentError) -> Exec {
        let container = try find(target)
        if let number = Int(number), let exec = container.execs[number] { return exec }
        throw AgentError(
            .execNotFound, "container \(container.id) has no exec \"\(number)\": exec.list tells those it has")
    }

    /// Answers when it has ended, at once if it has.
    public func wait(exec number: String, of target: String) async throws -> ExitRecord {
        try await wait(for: find(exec: number, of: target))
    }

    public func wait(for run: ExecRun) async throws -> ExitRecord { try await wait(for: run.exec) }

    private func wait(for exec: Exec) async throws -> ExitRecord {
        let token = exec.end.token()
        return try await withTaskCancellationHandler {
            try await exec.end.value(token: token, isolation: self)
        } onCancel: {
            later { await self.giveUp(waiting: token, on: exec) }
        }
    }

    private func giveUp(waiting token: Int, on exec: Exec) { exec.end.giveUp(token) }

    /// Sends a signal to its first process; SIGKILL ends every process of it.
    public func kill(exec number: String, of target: String, signal: Signal) throws {
        let exec = try find(exec: number, of: target)
        guard !exec.end.isKnown else { throw AgentError(.containerWrongState, "the exec has ended") }
        guard signal != .kill else { return kill(exec) }
        do { try exec.process?.send(signal: signal.number) } catch  where error == .noSuchProcess {}
    }

    public func kill(_ run: ExecRun) { kill(run.exec) }

    private func kill(_ exec: Exec) {
        exec.isKilled = true
        try? exec.group?.kill()
        try? exec.process?.send(signal: Signal.kill.number)
    }

    // MARK: After a restart of the agent

    /// Takes up what an earlier agent had started in a container that still runs.
    func adoptExecs(of container: Container) {
        for (record, run) in parts.ledger.execs(of: container.id) {
            let exec = Exec(record, in: container.id)
            exec.group = parts.cgroups.exec(record.number, of: container.id)
            container.execs[exec.number] = exec
            container.lastExec = max(container.lastExec, exec.number)
            later { await self.adopt(exec, run, of: container) }
        }
        for number in parts.cgroups.execs(of: container.id) where container.execs[number] == nil {
            try? parts.cgroups.removeExec(number, of: container.id)
        }
    }

    /// A monitor that has not said its first word yet gets five seconds for it.
    private func adopt(_ exec: Exec, _ run: RunDirectory, of container: Container) async {
        for _ in 0..<500 where run.isLaunching() { try? await pause(.milliseconds(10)) }
        exec.launch.settle(.success(()))
        do {
            let adopted = try parts.launcher.adopt(run) { [self] report in
                assumeIsolated { $0.take(report, of: exec, in: container, steps: []) }
            }
            if let adopted {
                exec.monitor = adopted.watch
                (exec.pid, exec.process) = (adopted.pid, adopted.process)
                return
            }
        } catch {
            parts.complain(AgentError(.hostFailed, "an exec could not be taken up").caused(by: error), container.id)
        }
        let record = run.exitRecord()
        if record?.isKnown != true { kill(exec) }
        end(exec, of: container, record ?? ExitRecord(status: nil, signal: nil, oom: false, time: now()))
    }

    private func tell(_ kind: Event.Kind, of exec: Exec, in container: Container) {
        guard !exec.isProbe else { return }
        tell(kind, subject: container.id.description, name: container.record.spec.name?.description) {
            $0.exec = String(exec.number)
            if kind == .execExited { $0.exit = exec.record.exit }
        }
    }
}
