import ArgumentParser
import Linux
import Model

/// What `run` and `create` say of a container's walls.
struct SecurityOptions: ParsableArguments {
    @Flag(help: "Take the walls down: every capability, system call and device, and the host's users.")
    var privileged = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a capability, such as NET_ADMIN, or ALL.", valueName: "name"))
    var capAdd: [String] = []

    @Option(
        parsing: .unconditionalSingleValue, help: ArgumentHelp("Drop a capability, or ALL.", valueName: "name"))
    var capDrop: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            """
            seccomp=FILE or seccomp=unconfined, no-new-privileges[:false], apparmor=PROFILE, label=LABEL, \
            systempaths=unconfined, unmask=PATH[:PATH].
            """, valueName: "option"))
    var securityOpt: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Landlock: off, ro:PATH, rw:PATH, bind:PORT or connect:PORT.", valueName: "rule"))
    var landlock: [String] = []

    @Option(help: ArgumentHelp("The container's ids: auto, host, or first[:count].", valueName: "mode"))
    var userns: String?

    @Flag(help: "Let a small init be PID 1: it passes signals on and collects orphans.")
    var `init` = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Bound a resource of each process, such as nofile=1024.", valueName: "name=soft[:hard]"))
    var ulimit: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set a kernel setting of the container's own.", valueName: "name=value"))
    var sysctl: [String] = []

    @Option(
        help: ArgumentHelp("The size of /dev/shm (default: 64m).", valueName: "size"), transform: MemorySize.init)
    var shmSize: MemorySize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("-1000 to 1000: the higher the sooner it is killed for memory.", valueName: "score"))
    var oomScoreAdj: Int?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Add a group of the image, by name or number.", valueName: "group"))
    var groupAdd: [String] = []

    func apply(to spec: inout ContainerSpec) throws {
        var security = SecuritySpec()
        if privileged { security.privileged = true }
        security.capAdd = capAdd.unlessEmpty
        security.capDrop = capDrop.unlessEmpty
        for option in securityOpt { try security.take(option) }
        for rule in landlock { try security.take(landlock: rule) }
        security.userns = try userns.map(UserNamespaceSpec.init(option:))
        if security != SecuritySpec() { spec.security = security }
        if `init` { spec.initProcess = true }
        spec.resourceLimits = try ulimit.map(ResourceLimit.init(option:)).unlessEmpty
        spec.sysctls = try settings
        spec.shmSize = shmSize?.bytes
        spec.oomScore = oomScoreAdj
        spec.groups = groupAdd.unlessEmpty
    }

    private var settings: [String: String]? {
        get throws {
            var settings: [String: String] = [:]
            for text in sysctl {
                guard let (name, value) = text.divided(at: "="), !name.isEmpty else {
                    throw ValidationError("--sysctl \(text): NAME=VALUE is expected")
                }
                settings[name] = value
            }
            return settings.isEmpty ? nil : settings
        }
    }
}

extension SecuritySpec {
    /// One of docker's `--security-opt`: `key=value`, or the older `key:value`.
    fileprivate mutating func take(_ option: String) throws {
        let (key, value) = option.divided(at: "=") ?? option.divided(at: ":") ?? (option, "")
        switch (key, value) {
        case ("no-new-privileges", ""), ("no-new-privileges", "true"): noNewPrivileges = true
        case ("no-new-privileges", "false"): noNewPrivileges = false
        case ("systempaths", "unconfined"): unmask = ["ALL"]
        case ("unmask", let paths) where !paths.isEmpty:
            unmask = (unmask ?? []) + paths.split(separator: ":").map(String.init)
        case ("seccomp", let path) where !path.isEmpty: seccomp = path == "unconfined" ? path : path.asAbsolutePath()
        case ("apparmor", let profile) where !profile.isEmpty: apparmor = profile
        case ("label", let label) where !label.isEmpty: try take(label: label)
        default:
            throw ValidationError(
                "there is no --security-opt \(option): there are seccomp=, no-new-privileges, apparmor=, label=, "
                    + "systempaths=unconfined and unmask=")
        }
    }

    /// `disable`, a whole label, or one part of it as docker has them.
    private mutating func take(label: String) throws {
        if label == "disable" {
            selinux = "unconfined"
            return
        }
        var parts = (selinux ?? "system_u:system_r:container_t:s0").divided(into: 4)
        let given = label.divided(into: 4)
        guard let place = ["user", "role", "type", "level"].firstIndex(of: given[0]), given.count > 1 else {
            guard given.count >= 3 else { throw ValidationError("--security-opt label=\(label) is no SELinux label") }
            selinux = label
            return
        }
        parts[place] = label.dropFirst(given[0].count + 1).description
        selinux = parts.joined(separator: ":")
    }

    fileprivate mutating func take(landlock rule: String) throws {
        var spec = landlock ?? LandlockSpec()
        let (kind, value) = rule.divided(at: ":") ?? (rule, "")
        switch (kind, Int(value)) {
        case ("off", nil) where value.isEmpty: spec.off = true
        case ("ro", _) where value.hasPrefix("/"): spec.readOnly = (spec.readOnly ?? []) + [value]
        case ("rw", _) where value.hasPrefix("/"): spec.readWrite = (spec.readWrite ?? []) + [value]
        case ("bind", let port?): spec.bindPorts = (spec.bindPorts ?? []) + [port]
        case ("connect", let port?): spec.connectPorts = (spec.connectPorts ?? []) + [port]
        default:
            throw ValidationError(
                "--landlock \(rule): off, ro:PATH, rw:PATH, bind:PORT or connect:PORT is expected, a path from / on")
        }
        landlock = spec
    }
}

extension UserNamespaceSpec {
    fileprivate init(option: String) throws {
        if let mode = Mode(rawValue: option), mode != .range {
            self.init(mode)
            return
        }
        let numbers = option.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(numbers.count), let first = numbers[0], numbers.allSatisfy({ $0 != nil }) else {
            throw ValidationError("--userns \(option): auto, host, or FIRST[:COUNT] is expected")
        }
        self.init(.range, first: first, count: numbers.count > 1 ? numbers[1] : nil)
    }
}

extension ResourceLimit {
    fileprivate init(option: String) throws {
        let (name, bounds) = option.divided(at: "=") ?? (option, "")
        let numbers = bounds.split(separator: ":", omittingEmptySubsequences: false).map {
            $0 == "unlimited" ? -1 : Int64($0)
        }
        guard (1...2).contains(numbers.count), let soft = numbers[0], let hard = numbers[numbers.count - 1] else {
            throw ValidationError("--ulimit \(option): NAME=SOFT[:HARD] is expected")
        }
        self.init(name: name, soft: soft, hard: hard)
        guard number != nil else {
            throw ValidationError("--ulimit \(option): there are \(ResourceLimit.names.joined(separator: ", "))")
        }
    }
}

extension Array {
    fileprivate var unlessEmpty: Self? { isEmpty ? nil : self }
}

extension String {
    /// The agent has another working directory than we.
    fileprivate func asAbsolutePath() -> String {
        guard !hasPrefix("/"), let here = try? Directory(path: "/proc/self").readLink("cwd") else { return self }
        return (here == "/" ? "" : here) + "/" + self
    }

    /// What is before and after the first such character.
    fileprivate func divided(at mark: Character) -> (String, String)? {
        guard let place = firstIndex(of: mark) else { return nil }
        return (String(self[..<place]), String(self[index(after: place)...]))
    }

    fileprivate func divided(into most: Int) -> [String] {
        split(separator: ":", maxSplits: most - 1, omittingEmptySubsequences: false).map(String.init)
    }
}
