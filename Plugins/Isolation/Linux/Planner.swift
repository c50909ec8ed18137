import Drivers
import LaunchPlan
import Model

/// What is put into a container's root beside the kernel's file systems.
struct Furniture {
    /// The agent's files for /etc.
    let etc: [(target: String, index: Int)]
    /// The spec's mounts, in order.
    let mounts: [LaunchStep]
    /// Directories that stay writable in a read-only root.
    let temporary: [String]
    /// Of a /dev with all of the host's devices, for a privileged container.
    let devices: Int?
}

/// Writes the steps of a launch. Pure: the same values give the same plan.
struct Planner {
    let request: PlanRequest
    let options: IsolationOptions
    let walls: Walls
    let program: ProgramSteps
    let furniture: Furniture

    var plan: LaunchPlan {
        // The agent sets `run`, and all else that is about its own descriptors.
        var plan = LaunchPlan(
            namespaces: namespaces, uidMap: idMap, gidMap: idMap, run: 0, steps: stages.flatMap(\.self))
        let base = request.ids?.base ?? 0
        plan.stdio.owner = Stdio.Owner(uid: base + program.account.uid, gid: base + program.account.gid)
        plan.initProcess = options.initProcess ?? false
        return plan
    }

    private var stages: [[LaunchStep]] {
        [network, root, kernelFileSystems, devices, files, furniture.mounts, covers, inside, program.all]
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
        let knobs = walls.isPrivileged ? sealed : sealed.union(.readOnly)
        return [
            .mount(type: "proc", source: "proc", target: "/proc", flags: sealed, data: ""),
            sys(knobs),
            // The container's own group is the root of what it sees, for the cgroup namespace is its own.
            .mount(type: "cgroup2", source: "cgroup", target: "/sys/fs/cgroup", flags: knobs, data: ""),
        ]
    }

    /// sysfs shows the network namespace of whoever mounts it, and only that one's owner may mount it.
    private func sys(_ flags: MountFlags) -> LaunchStep {
        if case .host = request.network, request.ids == nil { return newSys(flags) }
        if case .born = request.network { return newSys(flags) }
        return .bind(.path("/sys"), target: "/sys", recursive: true, flags: flags)
    }

    private func newSys(_ flags: MountFlags) -> LaunchStep {
        .mount(type: "sysfs", source: "sysfs", target: "/sys", flags: flags, data: "")
    }

    private var devices: [LaunchStep] {
        let memory: MountFlags = [.noSetUID, .noDevices, .noExecute]
        return deviceDirectory + [
            // Group 5 is "tty" in every distribution.
            .mount(
                type: "devpts", source: "devpts", target: "/dev/pts", flags: [.noSetUID, .noExecute],
                data: "newinstance,ptmxmode=0666,mode=0620,gid=5"),
            .mount(
                type: "tmpfs", source: "shm", target: "/dev/shm", flags: memory,
                data: "mode=1777,size=" + (options.shmSize.map { "\($0)" } ?? "65536k")),
            .mount(type: "mqueue", source: "mqueue", target: "/dev/mqueue", flags: memory, data: ""),
        ] + Self.deviceLinks.map { .symlink(target: $0.target, link: "/dev/" + $0.name) }
    }

    private var deviceDirectory: [LaunchStep] {
        if let index = furniture.devices {
            return [.bind(.descriptor(index), target: "/dev", recursive: false, flags: [.noSetUID])]
        }
        let empty = LaunchStep.mount(
            type: "tmpfs", source: "tmpfs", target: "/dev", flags: [.noSetUID, .strictAccessTime],
            data: "mode=755,size=65536k")
        return [empty] + ["null", "zero", "full", "random", "urandom", "tty"].map { .device($0) }
    }

    private static let deviceLinks = [
        (name: "ptmx", target: "pts/ptmx"), (name: "fd", target: "/proc/self/fd"),
        (name: "stdin", target: "/proc/self/fd/0"), (name: "stdout", target: "/proc/self/fd/1"),
        (name: "stderr", target: "/proc/self/fd/2"), (name: "core", target: "/proc/kcore"),
    ]

    /// Before the spec's mounts, which may cover them.
    private var files: [LaunchStep] {
        furniture.etc.map { file in
            .bind(
                .descriptor(file.index), target: file.target, recursive: false,
                flags: [.noSetUID, .noDevices, .noExecute])
        }
            + furniture.temporary.map { target in
                .mount(
                    type: "tmpfs", source: "tmpfs", target: target, flags: [.noSetUID, .noDevices],
                    data: target == "/run" ? "mode=755" : "mode=1777")
            }
    }

    /// After the mounts that they cover, and before the pivot, while /dev/null is at hand to cover with.
    private var covers: [LaunchStep] {
        (walls.masked + hostLinks).map { .mask($0) }
            + walls.readOnly.filter { $0 != KernelPaths.settings }.map { .readOnly($0) }
            + (walls.sysctls.isEmpty ? protectedSettings : [])
    }

    /// A /sys that is not the network namespace's own shows the links of the host.
    private var hostLinks: [String] {
        guard case .made = request.network, !walls.masked.isEmpty else { return [] }
        return ["/sys/class/net", "/sys/devices/virtual/net"]
    }

    private var protectedSettings: [LaunchStep] {
        walls.readOnly.filter { $0 == KernelPaths.settings }.map { .readOnly($0) }
    }

    private var inside: [LaunchStep] {
        var steps: [LaunchStep] = [.pivot]
        // After the pivot and all mounts: their mount points may have had to be made.
        if request.process.readOnlyRoot { steps.append(.readOnlyRoot) }
        // The settings are written where they will be read, and closed behind.
        let settings = walls.sysctls.map { LaunchStep.sysctl(name: $0.path, value: $0.value) }
        return steps + (settings.isEmpty ? [] : settings + protectedSettings)
            + [.hostname(request.process.hostname)]
    }
}
