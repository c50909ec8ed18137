internal import JSON
internal import Linux
public import Model

extension Engine {
    /// Lets every process of a container stand still. Answers when they do.
    public func pause(_ target: String) async throws -> ContainerView {
        let container = try find(target)
        try feed(container, .pause)
        for milliseconds in [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] {
            if milliseconds > 0 { try? await pause(.milliseconds(milliseconds)) }
            guard case .paused = container.life.state else { return container.view }
            if parts.cgroups.isFrozen(container.id) { return container.view }
        }
        note(container, .resume)
        throw AgentError(
            .containerNotStopped, "a process of the container can't be paused: it goes on as a whole", retryable: true,
            cause: StuckProcess.story(of: parts.cgroups.group(of: container.id)).cause)
    }

    /// Lets a paused container go on.
    public func resume(_ target: String) throws -> ContainerView {
        let container = try find(target)
        try feed(container, .resume)
        return container.view
    }

    func freeze(_ container: Container, _ on: Bool) {
        do { try parts.cgroups.group(of: container.id)?.freeze(on) } catch {
            parts.complain(
                AgentError(.hostFailed, on ? "the container was not paused" : "the container does not go on")
                    .caused(by: error), container.id)
        }
    }

    /// Gives a container another name, durably, whether or not it runs.
    public func rename(_ target: String, to name: ContainerName) async throws -> ContainerView {
        let container = try find(target)
        try refuse(name: name)
        let old = container.record.spec.name
        // Taken before the first await, so that nobody else can have it; the old one is free when the new one is written.
        names[name] = container.id
        await container.turn.take()
        defer { container.turn.give() }
        do {
            guard containers[container.id] === container, container.life.state != .removing else {
                throw AgentError(.containerNotFound, "the container was removed")
            }
            container.record.spec.name = name
            try await parts.ledger.rewrite(container.present)
        } catch {
            container.record.spec.name = old
            names[name] = nil
            throw AgentError(wrapping: error, "the new name could not be written")
        }
        if let old, old != name, names[old] == container.id { names[old] = nil }
        announce(container)
        tell(.containerRenamed, of: container)
        return container.view
    }

    func refuse(name: ContainerName) throws(AgentError) {
        guard let holder = names[name] else { return }
        throw AgentError(
            .containerNameInUse, "the name \(name) belongs to container \(holder): remove or choose another",
            details: ["container": .string(holder.description)])
    }
}
