internal import Drivers
internal import JSON
internal import Linux
internal import Model

extension Engine {
    /// Takes up where an earlier agent stopped or died: call once, before the first request.
    ///
    /// A container whose monitor lives is adopted as it is. One that ended meanwhile gets the end that its monitor wrote.
    /// One that was being started is cleaned away. Nothing that runs is touched.
    public func recover() async {
        let boot = parts.ledger.isFirstOfBoot()
        let (found, problems) = parts.ledger.load()
        for problem in problems { parts.complain(problem, nil) }
        for record in found { know(record) }
        await takeUp(found.compactMap { containers[$0.id] })
        comeBack(boot: boot)
        reopenListeners()
        // Only a run leaves something with the drivers; what a finished one left was not meant to stay.
        let valid = Set(containers.values.filter { !$0.undo.isEmpty }.map(\.id))
        await recoverNetworks()
        await recoverPolicies()
        await recoverServices()
        await recoverDrivers()
        await announceAll()
        await reapplyLimits()
        await collect(valid: valid)
        // A container's files outlive its run.
        let known = Set(containers.keys)
        await attempt("collecting what is left over") { [parts] in _ = try await parts.storage.collect(valid: known) }
        for id in parts.cgroups.groups() where !valid.contains(id) {
            do { try await removeGroup(id) } catch {
                parts.complain(AgentError(.hostFailed, "a leftover cgroup can't be removed").caused(by: error), id)
            }
        }
    }

    /// Those that shall run and do not, because of the host or while no agent looked, are started as soon as the agent
    /// serves; those that were removed go on going.
    private func comeBack(boot: Bool) {
        for container in containers.values {
            note(container, container.record.isBuried == true ? .remove(force: true) : .found(boot: boot))
        }
    }

    private func know(_ record: ContainerRecord) {
        let container = Container(record: record)
        container.isMade = true
        containers[record.id] = container
        if let name = record.spec.name { names[name] = record.id }
    }

    // MARK: Containers

    /// A monitor that has not said its first word gets five seconds for it: a launch takes milliseconds.
    private func takeUp(_ found: [Container]) async {
        let deadline = MonotonicTime.now.advanced(by: .seconds(5))
        var waiting = found.filter { !settle($0) }
        while !waiting.isEmpty, MonotonicTime.now < deadline {
            try? await pause(.milliseconds(10))
            waiting = waiting.filter { !settle($0) }
        }
        for container in waiting { lost(container, parts.ledger.run(of: container.id)) }
    }

    /// False when it is being launched at this moment.
    private func settle(_ container: Container) -> Bool {
        guard let run = parts.ledger.run(of: container.id) else {
            rest(container)
            return true
        }
        if container.undo.isEmpty { begin(container) }
        guard !run.isLaunching() else { return false }
        do {
            if try adopt(container, run) { return true }
        } catch {
            parts.complain(AgentError(.hostFailed, "the monitor could not be taken up").caused(by: error), container.id)
        }
        lost(container, run)
        return true
    }

    /// Not running, and not running when the agent went: only its record says how it stands.
    private func rest(_ container: Container) {
        container.record.ids = nil
        guard container.record.hasEnded else { return perished(container) }
        container.life.state =
            if let error = container.record.error { .failed(error) } else if let exit = container.record.exit {
                .exited(exit)
            } else { .created }
    }

    /// It ran when the host went down.
    private func perished(_ container: Container) {
        var exit = ExitRecord(status: nil, signal: nil, oom: false, time: now())
        exit.reason = .lost
        exit.message = "the host went down while it ran"
        container.life.state = .starting
        end(container, exit)
    }

    /// Each step of its start may have been taken.
    private func begin(_ container: Container) {
        container.undo = Undo.allCases
        if container.ownsBlock, let block = container.record.ids { ids.claim(block) }
        container.life.state = .starting
    }

    private func adopt(_ container: Container, _ run: RunDirectory) throws -> Bool {
        let number = container.run
        let adopted = try parts.launcher.adopt(run) { [self] report in
            assumeIsolated { $0.take(report, of: container, run: number, steps: []) }
        }
        guard let adopted else { return false }
        container.monitors[number] = adopted.watch
        container.process = adopted.process
        container.record.startedAt = adopted.startedAt
        if container.record.spec.remove { container.output = try? log(of: container.id.description, tail: nil) }
        let isPaused = (try? parts.cgroups.group(of: container.id)?.read("cgroup.freeze")) == "1"
        container.life.state = isPaused ? .paused(pid: adopted.pid) : .running(pid: adopted.pid)
        // Without a policy nothing was written of it; one may be given to it while it runs.
        if container.record.tally == nil { container.life.tally.wanted = true }
        watchMemory(of: container)
        let words = run.words()
        container.message = words?.message
        resumeNotify(of: container, run, ready: words?.ready ?? false)
        resumeListeners(of: container)
        beginHealth(of: container, known: words?.health)
        followPause(of: container)
        adoptExecs(of: container)
        return true
    }

    /// Its monitor is gone: the end lies in the run directory, or nobody knows it, or it never began.
    private func lost(_ container: Container, _ run: RunDirectory?) {
        parts.cgroups.kill(container.id)
        let (began, record) = (run?.launched(), run?.exitRecord())
        guard began != nil || record?.isKnown == true else {
            let error = AgentError(
                .containerLaunchFailed, "the agent ended while it started the container: start it again",
                retryable: true)
            container.record.error = error
            return note(container, .launchFailed(error))
        }
        container.record.startedAt = began?.time
        end(container, record ?? ExitRecord(status: nil, signal: nil, oom: false, time: now()))
    }

    // MARK: Drivers

    private func recoverDrivers() async {
        let adopted = containers.values.filter { $0.life.state.pid != nil }
        let rootfses = adopted.map { ContainerHandle(container: $0.id, handle: $0.record.rootfs ?? .null) }
        await attempt("recovering") { [parts] in try await parts.storage.recover(rootfses) }
        await recoverConnections(of: adopted)
    }

    private func collect(valid: Set<ContainerID>) async {
        let drivers = [parts.isolation] + networkDriversInUse().map { $0.driver as any Driver }
        for driver in drivers {
            await attempt("collecting what is left over") { _ = try await driver.collect(valid: valid) }
        }
    }

    func attempt(_ what: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            parts.complain(AgentError(.driverFailed, "\(what) failed").caused(by: error), nil)
        }
    }
}
