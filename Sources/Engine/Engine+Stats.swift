internal import Linux
public import Model

extension Engine {
    /// What containers use now: the named ones, or all that run. Read away from the event loop.
    ///
    /// Throws `container.not_found`, and `container.wrong_state` for a named one that does not run.
    public func stats(of targets: [String]) async throws -> [ContainerStats] {
        let chosen = targets.isEmpty ? running : try targets.map { try runningContainer($0) }
        let readings = chosen.compactMap { Reading($0, in: parts.cgroups) }
        let time = now()
        return try await blocking { readings.map { $0.stats(at: time) } }
    }

    /// The processes of a container, oldest first.
    public func processes(of target: String) async throws -> [ContainerProcess] {
        let container = try runningContainer(target)
        guard let group = parts.cgroups.group(of: container.id) else { return [] }
        return try await blocking { try ProcessTable.read(group).sorted { $0.startedAt < $1.startedAt } }
    }

    private var running: [Container] {
        containers.values.filter { $0.isMade && $0.life.state.pid != nil }.sorted {
            $0.record.createdAt < $1.record.createdAt
        }
    }

    func runningContainer(_ target: String) throws(AgentError) -> Container {
        let container = try find(target)
        guard container.life.state.pid != nil else {
            throw AgentError(.containerWrongState, "container \(target) does not run: start it first")
        }
        return container
    }
}

/// What is needed to read a container's counters without the engine.
private struct Reading: Sendable {
    let id: ContainerID
    let name: ContainerName?
    let group: Cgroup
    /// `nil` with the host's own network, whose counters are not the container's.
    let pid: Int?

    init?(_ container: Container, in cgroups: CgroupTree) {
        guard let group = cgroups.group(of: container.id) else { return nil }
        self.group = group
        id = container.id
        name = container.record.spec.name
        pid = container.record.spec.network == "host" ? nil : container.life.state.pid
    }

    func stats(at time: Int64) -> ContainerStats {
        var stats = ContainerStats(container: id, name: name, time: time)
        CgroupReading(group: group).stats(into: &stats)
        stats.network = pid.flatMap { NetworkReading.stats(ofProcess: $0) }
        return stats
    }
}
