import Drivers
import LaunchPlan
import Model

/// Judges a container's walls as its plan will have them. Pure but for what `Walls` reads.
///
/// The weights are what each wall's absence has been worth to those who broke out: root of the host first, then the
/// kernel's inner interfaces, then what tells of the host or starves it. They add up to more than 10, as more than one
/// wall must be down before nothing is left.
struct WallInspection {
    let request: ExplainRequest
    let walls: Walls
    let host: HostFacts

    var explanation: Explanation {
        let found = namespaces + powers + kernelPaths + surroundings
        return Explanation(exposure: min(10, found.reduce(0) { $0 + $1.weight }), walls: found)
    }

    private var spec: ContainerSpec { request.spec }
    private var sharesNetwork: Bool { spec.network == "host" }

    private var namespaces: [Wall] {
        [
            Wall(
                "user-namespace", request.hasUserNamespace, 2.5, up: "root of the container is nobody on the host",
                down: "root of the container is root of the host, as far as the other walls let it"),
            Wall("mount-namespace", true, 0, up: "its mounts are its own, and none of the host's is in reach"),
            Wall("pid-namespace", true, 0, up: "it sees and signals its own processes only"),
            Wall(
                "network-namespace", !sharesNetwork, 1, up: "interfaces, ports and abstract sockets are its own",
                down: "it shares the host's interfaces, its loopback services and its ports"),
            Wall("ipc-namespace", true, 0, up: "shared memory, semaphores and message queues are its own"),
            Wall("uts-namespace", true, 0, up: "its host name is its own"),
            Wall("cgroup-namespace", true, 0, up: "it sees its own group as the root, read-only"),
        ]
    }

    // MARK: What its programs may do

    private var powers: [Wall] {
        [capabilities, noNewPrivileges, seccomp, landlock, label]
    }

    private var capabilities: Wall {
        let more = walls.capabilities.subtracting(.standard)
        // Those that are a way to the host by themselves, when they count there.
        let grave = more.intersection([
            "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_READ_SEARCH", "BPF", "SYS_BOOT", "NET_ADMIN",
        ])
        let reach = request.hasUserNamespace ? 0.3 : 1.0
        let names = walls.capabilities.names
        let has = names.isEmpty ? "none at all" : "\(names.count): \(names.joined(separator: " "))"
        if more.isEmpty {
            let weight = request.hasUserNamespace || names.isEmpty ? 0 : 0.3
            return Wall(name: "capabilities", state: .up, message: "root has \(has)\(idle)", weight: weight)
        }
        return Wall(
            name: "capabilities", state: more.names.count > 20 ? .down : .weakened,
            message: "root has \(has)" + (request.hasUserNamespace ? "; they count in its user namespace only" : "")
                + idle,
            weight: (0.2 + min(1.8, 0.6 * Double(grave.names.count))) * reach)
    }

    /// Those that a user would look for in vain: the host owns the namespace of a network that a driver makes
    /// (docs/decisions/0010).
    private var idle: String {
        guard request.hasUserNamespace, !["none", "host"].contains(spec.network) else { return "" }
        let names = walls.capabilities.intersection(["NET_ADMIN", "NET_RAW"]).names
        return names.isEmpty
            ? "" : "; on the network \(spec.network) nothing comes of \(names.joined(separator: " and "))"
    }

    private var noNewPrivileges: Wall {
        Wall(
            "no-new-privileges", walls.noNewPrivileges, 0.3, up: "set-uid programs and file capabilities give nothing",
            down: "a program can gain the container's full capabilities by a set-uid program")
    }

    private var seccomp: Wall {
        guard walls.filter != nil else {
            return Wall(
                name: "seccomp", state: .down, message: "every system call reaches the kernel", weight: 1.5)
        }
        if let path = spec.security?.seccomp {
            return Wall(name: "seccomp", state: .weakened, message: "calls are filtered as \(path) says", weight: 0.4)
        }
        let verdicts = SyscallProfile.standard.opened(for: walls.capabilities).verdicts(native: true)
        let denied = verdicts.values.count { $0 == .always(.fail(.notPermitted)) }
        let opened = !walls.capabilities.isDisjoint(with: SyscallProfile.opening)
        return Wall(
            name: "seccomp", state: opened ? .weakened : .up,
            message: "\(denied) calls are denied, and every call that is in no list"
                + (opened ? "; those of its capabilities are open" : ""),
            weight: opened ? 0.5 : 0)
    }

    private var landlock: Wall {
        guard host.landlock > 0 else {
            return Wall(name: "landlock", state: .missing, message: "this kernel has no Landlock", weight: 0.2)
        }
        guard let rules = walls.landlock else {
            return Wall(
                name: "landlock", state: .down,
                message: "no rules: nothing but the other walls forbids mounts and devices",
                weight: 0.2)
        }
        var kept = ["version \(host.landlock): no mounts"]
        if rules.files != 0 { kept.append("no device nodes") }
        if rules.scope != 0 { kept.append("no abstract sockets of others") }
        if spec.security?.landlock?.readOnly ?? spec.security?.landlock?.readWrite != nil {
            kept.append("listed paths only")
        }
        if !rules.ports.isEmpty || rules.network != 0 { kept.append("listed ports only") }
        return Wall(name: "landlock", state: .up, message: kept.joined(separator: ", "), weight: 0)
    }

    private var label: Wall {
        if let label = walls.label {
            return Wall(name: "lsm-label", state: .up, message: "its programs are labelled \(label.text)", weight: 0)
        }
        let isThere = host.hasAppArmor || host.hasSELinux
        return Wall(
            name: "lsm-label", state: isThere ? .down : .missing,
            message: isThere
                ? "its programs have no label of AppArmor or SELinux" : "this host has neither AppArmor nor SELinux",
            weight: 0.1)
    }

    // MARK: What it sees of the kernel

    private var kernelPaths: [Wall] {
        let hidden = walls.masked.count == KernelPaths.masked.count
        let settings = walls.readOnly.count == KernelPaths.readOnly.count
        return [
            Wall(
                "masked-paths", hidden, 0.4,
                up: "\(walls.masked.count) paths of /proc and /sys that tell of the host are hidden",
                down: "\(walls.masked.count) of \(KernelPaths.masked.count) paths that tell of the host are hidden"),
            Wall(
                "read-only-settings", settings, request.hasUserNamespace ? 0.4 : 1,
                up: "/proc/sys and what acts on the host can't be written",
                down: "kernel settings can be written by whom their permissions allow"),
            Wall(
                "read-only-sys", !walls.isPrivileged, request.hasUserNamespace ? 0.2 : 0.8,
                up: "/sys and the cgroup tree are read-only", down: "/sys and the cgroup tree can be written"),
        ]
    }

    // MARK: What it was given

    private var surroundings: [Wall] { [devices, rootFileSystem, hostPaths, memory, processes, privileged] }

    private var devices: Wall {
        if walls.isPrivileged {
            return Wall(
                name: "devices", state: .down, message: "every device of the host, its disks with them",
                weight: request.hasUserNamespace ? 0.5 : 1.5)
        }
        let given = spec.devices ?? []
        guard given.isEmpty else {
            return Wall(
                name: "devices", state: .weakened,
                message: "beside the harmless ones: \(given.map(\.source).joined(separator: ", "))", weight: 0.4)
        }
        return Wall(
            name: "devices", state: .up, message: "null, zero, full, random, urandom, tty and terminals of its own",
            weight: 0)
    }

    private var rootFileSystem: Wall {
        Wall(
            name: "read-only-root", state: spec.readOnly ? .up : .down,
            message: spec.readOnly ? "programs can't change their image" : "programs can change their own root",
            weight: spec.readOnly ? 0 : 0.1)
    }

    private var hostPaths: Wall {
        let paths = (spec.mounts ?? []).filter { $0.type == .bind }
        guard !paths.isEmpty else {
            return Wall(name: "host-paths", state: .up, message: "no file of the host is in it", weight: 0)
        }
        let writable = paths.filter { $0.readOnly != true }
        let named = paths.map { ($0.source ?? "") + ($0.readOnly == true ? " (ro)" : "") }
        // What is in these leads to the host by itself.
        let grave = writable.contains { path in
            ["/", "/etc", "/usr", "/var", "/root", "/run", "/proc", "/sys", "/dev", "/boot"].contains(path.source ?? "")
                || (path.source ?? "").hasSuffix(".sock")
        }
        return Wall(
            name: "host-paths", state: grave ? .down : .weakened,
            message: "of the host: \(named.joined(separator: ", "))",
            weight: grave ? 2 : writable.isEmpty ? 0.2 : 0.5)
    }

    private var memory: Wall {
        Wall(
            "memory-limit", spec.limits.memory != nil, 0.2,
            up: "\(spec.limits.memory ?? 0) bytes at most", down: "it can use all of the host's memory")
    }

    private var processes: Wall {
        Wall(
            "process-limit", spec.limits.pids != nil, 0.2,
            up: "\(spec.limits.pids ?? 0) processes at most",
            down: "it can start as many processes as the host has room for")
    }

    private var privileged: Wall {
        Wall(
            "privileged", !walls.isPrivileged, 0.5, up: "no wall was taken down as a whole",
            down: "every wall that can be taken down is: use it for what manages the host")
    }
}

extension Wall {
    fileprivate init(_ name: String, _ stands: Bool, _ weight: Double, up: String, down: String = "") {
        self.init(name: name, state: stands ? .up : .down, message: stands ? up : down, weight: stands ? 0 : weight)
    }
}
