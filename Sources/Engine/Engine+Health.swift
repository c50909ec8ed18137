internal import Linux
internal import Model

/// The watch over the health of one run.
struct HealthWatch {
    var health: Health
    let spec: HealthSpec
    /// How long the program ran when the watch began, and when that was.
    let age: Duration
    let since = MonotonicTime.now
    /// Counts rests and probes, so that what comes late is not taken for the present one's.
    var round = 0
    var timer: (any Watch)?

    init(_ spec: HealthSpec, known: HealthStatus?, age: Duration) {
        self.spec = spec
        self.age = age
        health = Health(rules: HealthRules(spec), known: known)
    }

    var elapsed: Duration { age + since.distance(to: .now) }
}

extension Engine {
    /// The program runs: from here on it is probed, if it is to be. `known`: what an earlier agent found out.
    func beginHealth(of container: Container, known: HealthStatus? = nil) {
        guard let spec = container.record.health else { return }
        let age = container.record.startedAt.map { Duration.nanoseconds(max(0, now() - $0)) } ?? .zero
        container.healthWatch = HealthWatch(spec, known: known, age: age)
        feedHealth(of: container, .begun)
    }

    func endHealth(of container: Container) {
        feedHealth(of: container, .ended)
        container.healthWatch = nil
    }

    /// A paused program answers nobody, and nobody holds that against it.
    func followPause(of container: Container) {
        guard container.healthWatch != nil || container.notifyWatch != nil else { return }
        let isPaused = container.life.state.phase == .paused
        guard isPaused != container.stoodStill else { return }
        container.stoodStill = isPaused
        feedHealth(of: container, isPaused ? .paused : .resumed)
        if isPaused { cancelWatchdog(of: container) } else if container.ready == true { awaitWatchdog(of: container) }
    }

    /// Gives the event to the watch, if there is one, and performs what it answers.
    func feedHealth(of container: Container, _ input: Health.Input) {
        guard let elapsed = container.healthWatch?.elapsed,
            let actions = container.healthWatch?.health.handle(input, at: elapsed)
        else { return }
        let before = container.health
        container.showHealth(probed: actions.contains(.leave))
        for action in actions { perform(action, on: container) }
        if container.health != before { changed(container) }
    }

    private func perform(_ action: Health.Action, on container: Container) {
        switch action {
        case .rest(let pause): rest(container, pause * Double.random(in: HealthRules.jitter))
        case .cancelRest: container.healthWatch?.timer = nil
        case .queue:
            probes.join(container.id)
            callNext()
        case .leave:
            container.healthWatch?.timer = nil
            container.healthWatch?.round += 1
            probes.leave(container.id)
            callNext()
        case .probe: probe(container)
        case .tell(let kind):
            keepWords(of: container)
            tell(kind, of: container)
        case .restart: endAsUnhealthy(container, andStart: true)
        case .stop: endAsUnhealthy(container, andStart: false)
        }
    }

    private func callNext() {
        while let id = probes.next() {
            guard let container = containers[id] else {
                probes.leave(id)
                continue
            }
            feedHealth(of: container, .turn)
        }
    }

    private func rest(_ container: Container, _ pause: Duration) {
        wait(pause, for: container) { $0.feedHealth(of: container, .due) }
    }

    /// Calls `body` after the pause unless the round is over by then.
    private func wait(
        _ pause: Duration, for container: Container, _ body: @escaping @Sendable (isolated Engine) -> Void
    ) {
        container.healthWatch?.round += 1
        let (run, round) = (container.run, container.healthWatch?.round)
        container.healthWatch?.timer = try? parts.reactor.after(pause) { [self] in
            assumeIsolated { engine in
                guard container.run == run, container.healthWatch?.round == round else { return }
                body(engine)
            }
        }
    }

    // MARK: Probing

    /// Behind the action, so that the watch is at rest when the outcome comes.
    private func probe(_ container: Container) {
        guard let watch = container.healthWatch, let pid = container.life.state.pid, let process = container.process,
            !container.probeHangs
        else { return judge(container, container.probeHangs ? "the probe before still hangs" : "it has ended") }
        let probe = Probe(spec: watch.spec, process: process, pid: pid, timeout: watch.health.rules.timeout)
        // The probe keeps the time itself, but for what a hanging file system adds to it.
        wait(probe.timeout + .seconds(1), for: container) { engine in
            engine.judge(container, "there was no answer within \(probe.timeout)")
        }
        let (run, round) = (container.run, container.healthWatch?.round)
        container.probeHangs = true
        guard watch.spec.probe != .command else {
            return later { await self.probeByCommand(container, watch.spec.command ?? [], probe.timeout, run, round) }
        }
        do {
            try Thread.start("davit-probe") { [self] in
                let failure = probe.failure()
                later { await self.probed(container, run, round, failure) }
            }
        } catch {
            container.probeHangs = false
            judge(container, "the agent can't probe: \(error)")
        }
    }

    /// A program in the container, which ends with all that it started when its time is over.
    private func probeByCommand(
        _ container: Container, _ command: [String], _ timeout: Duration, _ run: Int, _ round: Int?
    ) async {
        var request = ExecRequest(command: command)
        request.isProbe = true
        do {
            let exec = try await self.exec(in: container.id.description, request, stdio: ContainerStdio())
            let alarm = try parts.reactor.after(timeout) { [self] in assumeIsolated { $0.kill(exec) } }
            let deadline = MonotonicTime.now.advanced(by: timeout)
            let exit = try await wait(for: exec)
            withExtendedLifetime(alarm) {}
            let isLate = deadline < .now && exit.signal == Int(Signal.kill.number)
            let story = isLate ? "the command did not end within \(timeout)" : "the command ended with \(exit.code)"
            probed(container, run, round, exit.code == 0 ? nil : story)
        } catch {
            probed(container, run, round, "the command can't be run: \((error as? AgentError)?.message ?? "\(error)")")
        }
    }

    private func probed(_ container: Container, _ run: Int, _ round: Int?, _ failure: String?) {
        container.probeHangs = false
        guard container.run == run, container.healthWatch?.round == round else { return }
        judge(container, failure)
    }

    private func judge(_ container: Container, _ failure: String?) {
        feedHealth(of: container, .probed(failure: failure))
    }

    // MARK: Consequences

    private func endAsUnhealthy(_ container: Container, andStart: Bool) {
        later { await self.stopUnhealthy(container, run: container.run, andStart: andStart) }
    }

    private func stopUnhealthy(_ container: Container, run: Int, andStart: Bool) async {
        do {
            let signal = try await signalToStop(container)
            guard container.run == run, container.life.state.pid != nil else { return }
            let (number, grace) = (signal.number, container.record.spec.stopTimeout)
            try feed(
                container,
                andStart
                    ? .restart(signal: number, grace: grace, by: .unhealthy)
                    : .stop(signal: number, grace: grace, by: .unhealthy))
        } catch {
            parts.complain(AgentError(wrapping: error, "the unhealthy container can't be ended"), container.id)
        }
    }
}

extension Container {
    fileprivate func showHealth(probed: Bool) {
        guard let found = healthWatch?.health else { return }
        health = HealthStatus(
            status: found.status, failures: found.failures, message: found.message,
            time: probed ? now() : health?.time)
    }
}
