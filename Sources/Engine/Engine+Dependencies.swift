internal import JSON
internal import Linux
internal import Model

extension Engine {
    /// To be called whenever the state, `ready` or `health` of a container has changed: wakes whoever waits for that.
    func changed(_ container: Container) {
        if container.health?.status == .healthy { _ = try? container.life.handle(.well) }
        if !services.isEmpty { followServices(of: container) }
        changes += 1
        let waiters = changeWaiters
        changeWaiters = [:]
        for waiter in waiters.values { waiter.resume() }
    }

    /// Waits until a look at the containers gives true; looks again after every change of any.
    func change(until condition: () throws -> Bool) async throws {
        while try !condition() {
            await nextChange(after: changes)
            try Task.checkCancellation()
        }
    }

    private func nextChange(after seen: Int) async {
        let token = newToken()
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                // Looked at again: the loop may have turned between the look above and here.
                if changes != seen || Task.isCancelled { waiter.resume() } else { changeWaiters[token] = waiter }
            }
        } onCancel: {
            later { await self.stopWaitingForChange(token) }
        }
    }

    private func stopWaitingForChange(_ token: Int) { changeWaiters.removeValue(forKey: token)?.resume() }

    // MARK: Before a start

    /// Starts what the container depends on and waits until it is so far.
    func awaitDependencies(of container: Container, byItself: Bool) async throws {
        try feed(container, .awaitOthers(byItself: byItself))
        container.record.error = nil
        do {
            try refuseCycle(through: container)
            for dependency in container.record.spec.dependsOn ?? [] {
                try await reach(dependency, for: container)
            }
            try stillWaits(container)
        } catch {
            let story = AgentError(wrapping: error, "what the container depends on could not be started")
            if case .waiting = container.life.state {
                container.record.error = story
                note(container, .launchFailed(story))
            }
            throw story
        }
    }

    /// A stop, or a removal, breaks the wait off.
    func stillWaits(_ container: Container) throws(AgentError) {
        if case .waiting = container.life.state { return }
        throw container.record.error
            ?? AgentError(.containerWrongState, "the container was stopped while it waited for what it depends on")
    }

    private func reach(_ dependency: Dependency, for container: Container) async throws {
        let other = try find(dependency, of: container)
        let condition = dependency.condition ?? .started
        let hasStarted = try await startIfNeeded(other, dependency, container)
        if hasStarted, condition == .started { return }
        if let reason = other.neverReaches(condition) { throw failed(dependency, container, reason) }
        let deadline = MonotonicTime.now.advanced(by: Self.patienceForDependencies)
        let alarm = try parts.reactor.after(Self.patienceForDependencies) { [self] in
            assumeIsolated { $0.changed(other) }
        }
        defer { withExtendedLifetime(alarm) {} }
        try await change {
            try stillWaits(container)
            switch other.progress(towards: condition) {
            case .reached: return true
            case .hopeless(let reason): throw failed(dependency, container, reason)
            case .pending:
                guard MonotonicTime.now < deadline else {
                    throw failed(dependency, container, "is not \(condition.rawValue) after five minutes")
                }
                return false
            }
        }
    }

    private static let patienceForDependencies = Duration.seconds(300)

    /// Whether it was started here; false where somebody else is at it, or it runs.
    private func startIfNeeded(
        _ other: Container, _ dependency: Dependency, _ container: Container
    ) async throws -> Bool {
        switch other.life.state {
        case .waiting, .starting, .running, .paused, .stopping, .removing: return false
        case .created, .restarting, .exited, .failed: break
        }
        do {
            try await start(other, stdio: ContainerStdio())
            return true
        } catch let error as AgentError where error.code == .containerWrongState {
            return false
        } catch {
            throw failed(dependency, container, "could not be started").caused(by: error)
        }
    }

    /// Not by the beginning of an id: a name that is not there yet could then mean another container.
    private func find(_ dependency: Dependency, of container: Container) throws(AgentError) -> Container {
        if let other = named(dependency.container), other.isMade { return other }
        throw failed(dependency, container, "is not there: create it first, and write its name or its whole id")
    }

    private func failed(_ dependency: Dependency, _ container: Container, _ reason: String) -> AgentError {
        let name = container.record.spec.name?.description ?? container.id.description
        return AgentError(
            .dependencyFailed, "\(name) depends on \(dependency.container), which \(reason)",
            details: ["container": .string(dependency.container)])
    }

    // MARK: Circles

    /// Refuses a container that depends on itself, by way of others or not.
    func refuseCycle(through container: Container) throws(AgentError) {
        var seen: Set<ContainerID> = []
        guard let path = path(from: container, to: container, &seen) else { return }
        throw AgentError(
            .dependencyFailed, "the container depends on itself: " + path.joined(separator: ", which depends on "))
    }

    private func path(from start: Container, to end: Container, _ seen: inout Set<ContainerID>) -> [String]? {
        let name = start.record.spec.name?.description ?? start.id.description
        for dependency in start.record.spec.dependsOn ?? [] {
            guard let next = self.dependency(dependency) else { continue }
            if next === end { return [name, end.record.spec.name?.description ?? end.id.description] }
            guard seen.insert(next.id).inserted else { continue }
            if let rest = path(from: next, to: end, &seen) { return [name] + rest }
        }
        return nil
    }

    private func dependency(_ dependency: Dependency) -> Container? { named(dependency.container) }

    // MARK: The other way round

    /// Those that depend on it directly.
    func dependents(of container: Container) -> [Container] {
        containers.values.filter { other in
            (other.record.spec.dependsOn ?? []).contains { dependency($0) === container }
        }
    }

    func stopDependents(of container: Container, grace: Int?) async throws {
        for dependent in dependents(of: container) where !dependent.life.state.isOver {
            try await stopDependents(of: dependent, grace: grace)
            try await stop(dependent, grace: grace, by: .user)
        }
    }
}

/// How far something is on its way.
private enum Progress {
    case pending, reached
    case hopeless(String)
}

extension Container {
    /// Why the condition can't come true, however long one waits.
    fileprivate func neverReaches(_ condition: Dependency.Condition) -> String? {
        switch condition {
        case .ready where record.spec.notify == nil && ready == nil:
            "never tells that it is ready: give it notify, or use the condition started"
        case .healthy where record.spec.health == nil && health == nil:
            "has no health probe: give it one, or use the condition started"
        case .started, .ready, .healthy: nil
        }
    }

    fileprivate func progress(towards condition: Dependency.Condition) -> Progress {
        switch life.state {
        case .waiting, .starting, .restarting, .stopping, .created: return .pending
        case .exited(let record): return .hopeless("ended with \(record.code)")
        case .failed(let error): return .hopeless("could not be started: \(error.message)")
        case .removing: return .hopeless("is being removed")
        case .running, .paused: break
        }
        switch condition {
        case .started: return .reached
        case .ready: return ready == true ? .reached : .pending
        case .healthy where health?.status == .unhealthy: return .hopeless("is unhealthy")
        case .healthy: return health?.status == .healthy ? .reached : .pending
        }
    }
}
