internal import Drivers
internal import Linux
public import Model

/// What a container shall become while it is.
public struct ContainerChange: Sendable {
    /// Those that are given take the place of the present ones.
    public var limits: Limits
    /// Names of limits that shall go, as in the spec.
    public var clear: [String]
    public var restart: RestartPolicy?

    public init(limits: Limits = Limits(), clear: [String] = [], restart: RestartPolicy? = nil) {
        self.limits = limits
        self.clear = clear
        self.restart = restart
    }
}

extension Engine {
    /// Changes limits and the restart policy, at once where the container runs. All or nothing.
    ///
    /// The record is written first: a crash in between is mended by `reapplyLimits` at the next start.
    public func update(_ target: String, _ change: ContainerChange) async throws -> ContainerView {
        let container = try find(target)
        await container.turn.take()
        defer { container.turn.give() }
        let (before, limits) = (container.record.spec, container.record.spec.limits)
        var spec = before
        spec.limits = try limits.changed(by: change)
        spec.restart = change.restart ?? spec.restart
        try spec.validate()
        let settings = try await parts.isolation.settings(for: spec.limits, replacing: limits)
        let back = try await parts.isolation.settings(for: limits, replacing: spec.limits)
        try await record(spec, of: container)
        do {
            if container.life.state.pid != nil {
                try parts.cgroups.change(container.id, to: settings, back: back)
            } else {
                try parts.cgroups.check(settings)
            }
        } catch {
            try await record(before, of: container)
            throw AgentError(wrapping: error, "the limits could not be changed")
        }
        tell(.containerUpdated, of: container)
        return container.view
    }

    private func record(_ spec: ContainerSpec, of container: Container) async throws {
        container.life.policy = spec.restart ?? RestartPolicy(.no)
        try await write(spec, of: container)
    }

    /// Writes the limits of running containers again: an agent may have died between its record and the cgroup.
    func reapplyLimits() async {
        for container in containers.values where container.life.state.pid != nil {
            let limits = container.record.spec.limits
            guard limits != Limits() else { continue }
            do {
                let settings = try await parts.isolation.settings(for: limits, replacing: Limits())
                try parts.cgroups.change(container.id, to: settings, back: [])
            } catch {
                parts.complain(AgentError(wrapping: error, "its limits could not be set again"), container.id)
            }
        }
    }
}

extension Limits {
    /// These with what a change says.
    fileprivate func changed(by change: ContainerChange) throws(AgentError) -> Limits {
        var result = self
        for name in change.clear { try result.clear(name) }
        let new = change.limits
        result.memory = new.memory ?? result.memory
        result.memoryHigh = new.memoryHigh ?? result.memoryHigh
        result.swap = new.swap ?? result.swap
        result.pids = new.pids ?? result.pids
        result.cpus = new.cpus ?? result.cpus
        result.cpuWeight = new.cpuWeight ?? result.cpuWeight
        result.cpuset = new.cpuset ?? result.cpuset
        result.cpusetMems = new.cpusetMems ?? result.cpusetMems
        result.ioWeight = new.ioWeight ?? result.ioWeight
        result.io = new.io ?? result.io
        result.hugepages = new.hugepages ?? result.hugepages
        return result
    }

    private mutating func clear(_ name: String) throws(AgentError) {
        switch name {
        case "memory": memory = nil
        case "memory_high": memoryHigh = nil
        case "swap": swap = nil
        case "pids": pids = nil
        case "cpus": cpus = nil
        case "cpu_weight": cpuWeight = nil
        case "cpuset": cpuset = nil
        case "cpuset_mems": cpusetMems = nil
        case "io_weight": ioWeight = nil
        case "io": io = nil
        case "hugepages": hugepages = nil
        default: throw AgentError(.requestInvalid, "there is no limit \"\(name)\" to clear: see limits in the spec")
        }
    }
}
