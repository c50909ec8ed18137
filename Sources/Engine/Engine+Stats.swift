internal import Linux
public import Model

extension Engine {
    /// What containers use now: the named ones, or all that run. Read away from the event loop.
    ///
    /// Throws `container.not_found`, and `container.wrong_state` for a named one that does not run.
    public func stats(of targets: [String]) async throws -> [ContainerStats] {
        let chosen = targets.isEmpty ? running : try targets.map { try runningContainer($0) }
        let (readings, time, cgroups) = (chosen.map(Reading.init), now(), parts.cgroups)
        // The kernel adds up each group's counters when they are read, so two processors take half the time.
        let middle = readings.count / 2
        async let second = blocking { try Reading.stats(of: readings[middle...], at: time, in: cgroups) }
        let first = try await blocking { try Reading.stats(of: readings[..<middle], at: time, in: cgroups) }
        return try await first + second
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
    /// `nil` with the host's own network, whose counters are not the container's.
    let pid: Int?

    init(_ container: Container) {
        id = container.id
        name = container.record.spec.name
        pid = container.record.spec.network == "host" ? nil : container.life.state.pid
    }

    /// Those that have ended meanwhile are left out.
    static func stats(
        of readings: ArraySlice<Reading>, at time: Int64, in cgroups: CgroupTree
    ) throws -> [ContainerStats] {
        let proc = try Directory(path: "/proc")
        return readings.compactMap { reading in
            guard let group = cgroups.group(of: reading.id) else { return nil }
            var stats = ContainerStats(container: reading.id, name: reading.name, time: time)
            CgroupReading(group: group, controllers: cgroups.controllers).stats(into: &stats)
            stats.network = reading.pid.flatMap { NetworkReading.stats(ofProcess: $0, proc: proc) }
            return stats
        }
    }
}
