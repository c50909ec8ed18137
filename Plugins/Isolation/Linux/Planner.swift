import Drivers
import LaunchPlan
import Model

/// Writes the steps of a launch. Pure: the same values give the same plan.
struct Planner {
    let request: PlanRequest
    let program: ProgramSteps
    /// Where the agent's files for /etc are mounted; their descriptors follow the filter's, in this order.
    let etc: [String]

    var plan: LaunchPlan {
        // The agent sets `run`, and all else that is about its own descriptors.
        var plan = LaunchPlan(
            namespaces: namespaces, uidMap: idMap, gidMap: idMap, run: 0, steps: stages.flatMap(\.self))
        let base = request.ids?.base ?? 0
        plan.stdio.owner = Stdio.Owner(uid: base + program.account.uid, gid: base + program.account.gid)
        return plan
    }

    private var stages: [[LaunchStep]] {
        [network, root, kernelFileSystems, devices, files, walls, inside, program.all]
    }

    private var namespaces: Namespaces {
        var namespaces: Namespaces = [.mount, .pid, .ipc, .uts, .cgroup]
        if request.ids != nil { namespaces.insert(.user) }
        if case .born = request.network { namespaces.insert(.network) }
        return namespaces
    }

    private var idMap: [IDMap] {
        request.ids.map { [IDMap(inside: 0, outside: $0.base, count: $0.count)] } ?? []
    }

    private var network: [LaunchStep] {
        switch request.network {
        case .born: [.loopbackUp]
        case .made: [.joinNetwork(2)]
        case .host: []
        }
    }

    private var root: [LaunchStep] {
        [
            // Before the mounts: what is made in them shall belong to the container's root.
            .becomeRoot,
            .privateMounts,
            .attachRoot(0, at: "/root"),
        ]
    }

    private var kernelFileSystems: [LaunchStep] {
        let sealed: MountFlags = [.noSetUID, .noDevices, .noExecute]
        return [
            .mount(type: "proc", source: "proc", target: "/proc", flags: sealed, data: ""),
            sys(sealed.union(.readOnly)),
            // The container's own group is the root of what it sees, for the cgroup namespace is its own.
            .mount(
                type: "cgroup2", source: "cgroup", target: "/sys/fs/cgroup", flags: sealed.union(.readOnly), data: ""),
        ]
    }

    /// sysfs shows the network namespace of whoever mounts it, and only that one's owner may mount it.
    private func sys(_ flags: MountFlags) -> LaunchStep {
        if case .born = request.network {
            return .mount(type: "sysfs", source: "sysfs", target: "/sys", flags: flags, data: "")
        }
        return .bind(.path("/sys"), target: "/sys", recursive: true, flags: flags)
    }

    private var devices: [LaunchStep] {
        let memory: MountFlags = [.noSetUID, .noDevices, .noExecute]
        return [
            .mount(
                type: "tmpfs", source: "tmpfs", target: "/dev", flags: [.noSetUID, .strictAccessTime],
                data: "mode=755,size=65536k")
        ] + ["null", "zero", "full", "random", "urandom", "tty"].map { .device($0) } + [
            // Group 5 is "tty" in every distribution.
            .mount(
                type: "devpts", source: "devpts", target: "/dev/pts", flags: [.noSetUID, .noExecute],
                data: "newinstance,ptmxmode=0666,mode=0620,gid=5"),
            .mount(type: "tmpfs", source: "shm", target: "/dev/shm", flags: memory, data: "mode=1777,size=65536k"),
            .mount(type: "mqueue", source: "mqueue", target: "/dev/mqueue", flags: memory, data: ""),
        ] + Self.deviceLinks.map { .symlink(target: $0.target, link: "/dev/" + $0.name) }
    }

    private static let deviceLinks = [
        (name: "ptmx", target: "pts/ptmx"), (name: "fd", target: "/proc/self/fd"),
        (name: "stdin", target: "/proc/self/fd/0"), (name: "stdout", target: "/proc/self/fd/1"),
        (name: "stderr", target: "/proc/self/fd/2"), (name: "core", target: "/proc/kcore"),
    ]

    private var files: [LaunchStep] {
        etc.enumerated().map { index, target in
            .bind(
                .descriptor(program.filterIndex + 1 + index), target: target, recursive: false,
                flags: [.noSetUID, .noDevices, .noExecute])
        }
    }

    /// After the mounts that they cover, and before the pivot, while /dev/null is at hand to cover with.
    private var walls: [LaunchStep] {
        KernelPaths.masked.map { .mask($0) } + KernelPaths.readOnly.map { .readOnly($0) }
    }

    private var inside: [LaunchStep] {
        var steps: [LaunchStep] = [.pivot]
        // After the pivot and all mounts: their mount points may have had to be made.
        if request.process.readOnlyRoot { steps.append(.readOnlyRoot) }
        return steps + [.hostname(request.process.hostname)]
    }
}
