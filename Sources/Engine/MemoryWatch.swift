internal import Linux
internal import Model

/// Notices when the kernel kills for want of memory inside a container that goes on. One inotify descriptor for all.
final class MemoryWatch {
    private let inotify: Inotify
    private var watch: (any Watch)?
    private var groups: [Int32: Watched] = [:]

    private struct Watched {
        let id: ContainerID
        let group: Cgroup
        var kills: Int64
    }

    /// `woken` is called when `struck()` may have something to tell.
    init(reactor: any Reactor, woken: @escaping @Sendable () -> Void) throws {
        inotify = try Inotify()
        watch = try reactor.watch(inotify.descriptor, woken)
    }

    func add(_ id: ContainerID, _ group: Cgroup) throws {
        let number = try inotify.watch(group.directory.open("memory.events", .noFollow), .modified)
        groups[number] = Watched(id: id, group: group, kills: group.numbers("memory.events")["oom_kill"] ?? 0)
    }

    /// The containers that lost processes since the last call.
    func struck() -> [ContainerID] {
        var found: [ContainerID] = []
        for event in (try? inotify.read()) ?? [] {
            if event.events.contains(.ignored) { groups[event.watch] = nil }
            guard let watched = groups[event.watch] else { continue }
            let kills = watched.group.numbers("memory.events")["oom_kill"] ?? 0
            guard kills > watched.kills else { continue }
            groups[event.watch]?.kills = kills
            found.append(watched.id)
        }
        return found
    }

    func remove(_ id: ContainerID) {
        for (number, watched) in groups where watched.id == id {
            groups[number] = nil
            try? inotify.remove(watch: number)
        }
    }
}

extension Engine {
    /// From its start on, `container.oom` is told of a container with a limit.
    func watchMemory(of container: Container) {
        guard container.record.spec.limits.memory != nil, parts.cgroups.controllers.contains("memory"),
            let group = parts.cgroups.group(of: container.id)
        else { return }
        do {
            if memoryWatch == nil {
                memoryWatch = try MemoryWatch(reactor: parts.reactor) { [self] in
                    assumeIsolated { $0.tellOfMemory() }
                }
            }
            try memoryWatch?.add(container.id, group)
        } catch {
            parts.complain(
                AgentError(.hostFailed, "the container's memory can't be watched").caused(by: error), container.id)
        }
    }

    private func tellOfMemory() {
        for id in memoryWatch?.struck() ?? [] {
            if let container = containers[id] { tell(.containerOOM, of: container) }
        }
    }
}
