internal import Linux
public import Model

extension Engine {
    /// Sends a signal to the main process; KILL ends every process of the container.
    public func kill(_ target: String, signal: Signal) async throws {
        let container = try find(target)
        await untilStarted(container)
        let ends = try await signalToStop(container) == signal
        try feed(container, .signal(signal.number, ends: ends))
        await keepWish(of: container)
    }

    /// Ends a container: its stop signal, the grace time, then SIGKILL to all of it. Answers when it has ended.
    ///
    /// With `dependents` those that depend on it are stopped before. Throws `container.not_stopped` when a process of it
    /// can't be killed; it counts as ended when that is gone.
    public func stop(_ target: String, grace: Int?, dependents: Bool = false) async throws -> ContainerView {
        let container = try find(target)
        if dependents { try await stopDependents(of: container, grace: grace) }
        try await stop(container, grace: grace, by: .user)
        await keepWish(of: container)
        return container.view
    }

    /// `by` says whether its restart policy has a say: a user's stop is the end of it.
    func stop(_ container: Container, grace: Int?, by asker: ContainerLife.Asker) async throws {
        await untilStarted(container)
        let signal = try await signalToStop(container)
        let seconds = grace ?? container.record.spec.stopTimeout
        try feed(container, .stop(signal: signal.number, grace: seconds, by: asker))
        guard container.life.state.pid != nil else { return }
        // Before the answer, and before the wait: the host may go down while the program takes its time.
        await keepWish(of: container)
        _ = try await wait(for: container, isPatient: false)
    }

    /// A start holds the container's turn until its program runs, or can't.
    func untilStarted(_ container: Container) async {
        while case .starting = container.life.state {
            await container.turn.take()
            container.turn.give()
        }
    }

    /// Writes whether it shall run, where a restart policy asks for it later.
    func keepWish(of container: Container) async {
        guard container.keepsTally, container.wish != container.life.tally.wanted else { return }
        await container.turn.take()
        defer { container.turn.give() }
        guard containers[container.id] === container else { return }
        do {
            try await parts.ledger.rewrite(container.present)
            container.wish = container.life.tally.wanted
        } catch {
            parts.complain(
                AgentError(.hostFailed, "that the container shall not run could not be written").caused(by: error),
                container.id)
        }
    }

    /// Stops every container whose dependents have ended, then those that these depended on, and so on, each with its
    /// own grace time. They come back with the host as their restart policies have it.
    ///
    /// `takes` hears before each round how many seconds that lasts at the most.
    public func stopAll(takes: @Sendable (Int) -> Void = { _ in }) async {
        var left = containers.values.filter { !$0.life.state.isOver && $0.life.state != .created }
        while !left.isEmpty {
            let free = left.filter { container in
                !dependents(of: container).contains { dependent in left.contains { $0 === dependent } }
            }
            let wave = free.isEmpty ? left : free
            // And what SIGKILL and the clean-up take.
            takes((wave.map(\.record.spec.stopTimeout).max() ?? 0) + 30)
            await withDiscardingTaskGroup { group in
                for container in wave { group.addTask { await self.shutDown(container) } }
            }
            left.removeAll { container in wave.contains { $0 === container } }
        }
    }

    private func shutDown(_ container: Container) async {
        do { try await stop(container, grace: nil, by: .shutdown) } catch {
            parts.complain(
                AgentError(.containerNotStopped, "the container did not end in time").caused(by: error), container.id)
        }
        // Behind its clean-up: the end is on the disk then.
        await container.turn.take()
        container.turn.give()
    }

    // MARK: What SIGKILL does not end

    /// From SIGKILL on. The kernel ends a process in microseconds, unless that waits for a device.
    func startPatience(_ container: Container) {
        container.patience = try? parts.reactor.after(Self.patience) { [self] in
            assumeIsolated { $0.losePatience(container) }
        }
    }

    private static let patience = Duration.seconds(5)

    /// Tells who waits what can't die. The clean-up comes when it does.
    private func losePatience(_ container: Container) {
        container.patience = nil
        guard container.life.state.pid != nil else { return }
        let waiting = container.waiters.filter { !$0.value.isPatient }
        let story = StuckProcess.story(of: parts.cgroups.group(of: container.id))
        for (token, waiter) in waiting {
            container.waiters[token] = nil
            waiter.continuation.resume(throwing: story)
        }
        parts.complain(story, container.id)
        if container.life.removesItself { bury(container) }
    }

    /// Its name is free at once; its id stays until its last process is gone.
    private func bury(_ container: Container) {
        guard container.record.isBuried != true else { return }
        if let name = container.record.spec.name, names[name] == container.id { names[name] = nil }
        container.record.spec.name = nil
        container.record.isBuried = true
        later { await self.writeAnew(container) }
    }

    func writeAnew(_ container: Container) async {
        await container.turn.take()
        defer { container.turn.give() }
        guard containers[container.id] === container else { return }
        do { try await parts.ledger.rewrite(container.present) } catch {
            parts.complain(
                AgentError(.hostFailed, "the container's record could not be written").caused(by: error), container.id)
        }
    }
}
