internal import Linux
internal import Model

extension Engine {
    /// Stops a container and starts it again; one that does not run is started. Answers when its program runs.
    public func restart(_ target: String, grace: Int?) async throws -> ContainerView {
        let container = try find(target)
        await untilStarted(container)
        guard container.life.state.pid != nil else {
            try await start(container, stdio: ContainerStdio())
            return container.view
        }
        let run = container.run
        let signal = try await signalToStop(container)
        let seconds = grace ?? container.record.spec.stopTimeout
        try feed(container, .restart(signal: signal.number, grace: seconds, by: .user))
        _ = try await wait(for: container, isPatient: false)
        try await change { container.life.state.isOver || container.run > run && container.life.state != .starting }
        if let error = container.record.error { throw error }
        await keepWish(of: container)
        return container.view
    }

    // MARK: Starts by itself

    func startRest(_ container: Container, _ rest: Duration) {
        container.rest = try? parts.reactor.after(rest) { [self] in
            later { await self.startAgain(container) }
        }
        if container.rest == nil { later { await self.startAgain(container) } }
    }

    /// What keeps it from starting is told as an event; the next try comes after the next rest.
    private func startAgain(_ container: Container) async {
        guard case .restarting = container.life.state else { return }
        container.rest = nil
        try? await start(container, stdio: ContainerStdio(), byItself: true)
    }

    // MARK: What the disk knows of a run

    /// Lets the disk know that it runs, so that after the host went down nobody takes an earlier end for the last one. Behind
    /// the reply: at once where a restart policy wants to know, else for those that still run after a second.
    func keepStart(of container: Container) {
        guard !container.record.spec.remove else { return }
        let run = container.run
        if container.keepsTally { return later { await self.saveStart(of: container, run) } }
        unsaved.append((container, run))
        guard saving == nil else { return }
        saving = try? parts.reactor.after(.seconds(1)) { [self] in
            later { await self.saveStarts() }
        }
    }

    private func saveStarts() async {
        saving = nil
        let waiting = unsaved
        unsaved = []
        for (container, run) in waiting { await saveStart(of: container, run) }
    }

    private func saveStart(of container: Container, _ run: Int) async {
        await container.turn.take()
        defer { container.turn.give() }
        // Once it has ended, its end is what is written.
        guard containers[container.id] === container, container.run == run, container.life.state.pid != nil
        else { return }
        do {
            try await parts.ledger.save(container.present)
            container.wish = container.life.tally.wanted
        } catch {
            parts.complain(
                AgentError(.hostFailed, "that the container runs could not be written").caused(by: error),
                container.id)
        }
    }
}
