internal import Drivers
internal import Linux
internal import Model

extension Engine {
    // MARK: Waiting

    /// Answers when the container's main process has ended; a container that never started is refused.
    ///
    /// One whose end somebody asked for is waited for without patience: `container.not_stopped` when SIGKILL did not end it.
    func wait(for container: Container, isPatient: Bool = true) async throws -> ExitRecord {
        switch container.life.state {
        case .exited(let record), .restarting(after: .exited(let record)): return record
        case .restarting(after: .failed(let error)): throw error
        case .failed(let error): throw error
        case .created:
            throw AgentError(.containerWrongState, "the container was not started yet: start it, then wait")
        case .removing:
            if let record = container.record.exit { return record }
            throw AgentError(.containerNotFound, "the container was removed")
        case .waiting, .starting, .running, .paused, .stopping: break
        }
        let token = newToken()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                // Looked at again: the loop may have turned between the look above and here, and the end have come.
                if container.life.state.isEnd {
                    waiter.resume(with: outcome(of: container))
                } else if Task.isCancelled {
                    waiter.resume(throwing: CancellationError())
                } else {
                    container.waiters[token] = Container.Waiter(isPatient: isPatient, continuation: waiter)
                }
            }
        } onCancel: {
            later { await self.giveUp(waiting: token, on: container) }
        }
    }

    private func giveUp(waiting token: Int, on container: Container) {
        container.waiters.removeValue(forKey: token)?.continuation.resume(throwing: CancellationError())
    }

    func endWaits(_ container: Container) {
        let waiters = container.waiters
        container.waiters = [:]
        let result = outcome(of: container)
        for waiter in waiters.values { waiter.continuation.resume(with: result) }
    }

    private func outcome(of container: Container) -> Result<ExitRecord, any Error> {
        if let error = container.record.error { return .failure(error) }
        if let record = container.record.exit { return .success(record) }
        return .failure(AgentError(.containerNotFound, "the container was removed"))
    }

    func newToken() -> Int {
        nextToken += 1
        return nextToken
    }

    // MARK: Signals

    /// What asks its program to end: as asked for, or as its image says.
    func signalToStop(_ container: Container) async throws -> Signal {
        guard container.life.state.pid != nil else { return .terminate }
        if let known = container.stopSignal { return known }
        let found = container.signalToStop(try? await parts.images.resolve(container.record.image).config)
        container.stopSignal = found
        return found
    }

    /// A signal to a process that has just ended is no error: its end is on its way.
    func signal(_ container: Container, _ number: Int32) {
        do { try container.process?.send(signal: number) } catch  where error == .noSuchProcess {} catch {
            parts.complain(
                AgentError(.hostFailed, "signal \(number) was not delivered").caused(by: error), container.id)
        }
    }

    func killAll(_ container: Container) {
        parts.cgroups.kill(container.id)
        signal(container, Signal.kill.number)
        startPatience(container)
    }

    func startGrace(_ container: Container, _ seconds: Int) {
        container.grace = try? parts.reactor.after(.seconds(seconds)) { [self] in
            assumeIsolated { $0.graceIsOver(container) }
        }
        // Without a timer there is no grace: a stop never hangs.
        if container.grace == nil { graceIsOver(container) }
    }

    private func graceIsOver(_ container: Container) {
        do { try feed(container, .graceOver) } catch { parts.complain(error, container.id) }
    }

    // MARK: Leaving

    func release(_ container: Container, _ number: Int) async {
        await container.turn.wait(for: number)
        defer { container.turn.give() }
        guard container.life.state.isAtRest else { return }
        await takeBack(container)
    }

    /// Walks the undo list, last first. A step that fails is told and does not keep the others from their turn; what it
    /// leaves is found by the drivers' `collect` at the next start.
    func takeBack(_ container: Container) async {
        let saved = await saveEnd(of: container)
        let undo = container.undo
        container.undo = []
        var said: [AgentError] = []
        // Unless the end is on the disk, the monitor's own word of it must stay where the next start finds it.
        for step in undo.reversed() where saved || step != .runDirectory {
            do { try await take(back: step, of: container) } catch {
                said.append(AgentError(.hostFailed, "clean-up of \(step) failed").caused(by: error))
            }
        }
        for story in said { parts.complain(story, container.id) }
        if !said.isEmpty { await keep(said, of: container) }
    }

    /// What the drivers said of the end goes into its record, and whoever knows the record is told that it changed.
    private func keep(_ said: [AgentError], of container: Container) async {
        guard containers[container.id] === container, let record = container.record.exit else { return }
        let sentences = said.map { ([$0.message] + $0.cause).joined(separator: ": ") }
        container.record.exit?.message = ([record.message].compactMap { $0 } + sentences).joined(separator: "; ")
        tell(.containerUpdated, of: container)
        _ = await saveEnd(of: container)
    }

    private func take(back step: Undo, of container: Container) async throws {
        switch step {
        case .cgroup:
            do { try await removeGroup(container.id) } catch {
                later { [run = container.run] in await self.removeGroupAtLast(of: container, run) }
                throw error
            }
        case .rootfs: try await parts.storage.releaseRootfs(container.id)
        case .network: try await disconnectAll(container)
        case .runDirectory: try parts.ledger.end(container.id)
        case .ids:
            if container.ownsBlock, let block = container.record.ids { ids.give(block) }
            container.record.ids = nil
        }
    }

    /// Kills what is left in a container's group and removes it. The kernel may need a moment for a process to be gone.
    func removeGroup(_ id: ContainerID) async throws {
        for milliseconds in [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] {
            do { return try parts.cgroups.remove(id) } catch { guard error == .busy else { throw error } }
            parts.cgroups.kill(id)
            try? await pause(.milliseconds(milliseconds))
        }
        try parts.cgroups.remove(id)
    }

    /// A process that can't die yet keeps the group; a look every second until it is gone, or another run has the group.
    private func removeGroupAtLast(of container: Container, _ run: Int) async {
        while container.run == run, (try? await pause(.seconds(1))) != nil, container.run == run {
            parts.cgroups.kill(container.id)
            if (try? parts.cgroups.remove(container.id)) != nil { return }
        }
    }

    private func saveEnd(of container: Container) async -> Bool {
        guard !container.life.removesItself else { return true }
        do {
            try await parts.ledger.save(container.present)
            return true
        } catch {
            parts.complain(
                AgentError(.hostFailed, "the end of the container could not be written").caused(by: error), container.id
            )
            return false
        }
    }

    /// The name is free at once; files go behind the answer, after a release that may be under way.
    func forget(_ container: Container) {
        drop(container)
        container.breakCopyOff?()
        closeListeners(of: container)
        tell(.containerRemoved, of: container)
        let number = container.turn.draw()
        later { await self.removeHome(of: container, number) }
    }

    private func removeHome(of container: Container, _ number: Int) async {
        await container.turn.wait(for: number)
        defer { container.turn.give() }
        do {
            try await parts.storage.removeRootfs(container.id)
            try await parts.ledger.remove(container.record)
            if container.takesVolumes { try await removeVolumes(of: container) }
        } catch {
            parts.complain(
                AgentError(.hostFailed, "the container's files could not be removed").caused(by: error), container.id)
        }
    }

    /// To be asked after a wait: the container may have been removed meanwhile.
    func stillHere(_ container: Container) throws(AgentError) {
        guard containers[container.id] === container else {
            throw AgentError(.containerNotFound, "the container was removed")
        }
    }

    func drop(_ container: Container) {
        containers[container.id] = nil
        if let name = container.record.spec.name, names[name] == container.id { names[name] = nil }
    }
}

extension Container {
    func signalToStop(_ image: ImageConfig?) -> Signal {
        let names = [record.spec.stopSignal, image?.stopSignal].compactMap { $0 }.filter { !$0.isEmpty }
        return names.lazy.compactMap { try? Signal($0) }.first ?? .terminate
    }
}
