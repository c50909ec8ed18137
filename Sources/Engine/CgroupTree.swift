internal import Drivers
internal import JSON
public import Linux
internal import Model

/// The cgroup2 subtree of all containers: `hold/` for the monitors and one group for each container.
public struct CgroupTree: Sendable {
    /// The directory, such as `/sys/fs/cgroup/davit.slice/davit-pods.scope`; for people.
    public let path: String
    /// What limits can be set with below it.
    public let controllers: Set<String>
    let root: Cgroup
    /// Where monitors live.
    public let hold: Descriptor

    /// Takes the directory over: makes `hold/` and enables every controller it may. Idempotent.
    public init(path: String, root: Cgroup) throws {
        self.path = path
        self.root = root
        hold = try root.child("hold").descriptor
        controllers = try root.enable(["cpu", "cpuset", "io", "memory", "pids"])
    }

    /// The container's group, with its limits written; refuses a limit that this host can't keep.
    func make(_ id: ContainerID, settings: [CgroupSetting]) throws -> Descriptor {
        let enabled = try check(settings)
        let group = try root.child(id.description)
        for setting in settings where enabled.contains(setting.controller) { try write(setting, to: group) }
        return group.descriptor
    }

    /// Writes other limits in the group of a running container, all or none.
    func change(_ id: ContainerID, to settings: [CgroupSetting], back: [CgroupSetting]) throws {
        let enabled = try check(settings)
        let group = try root.existing(id.description)
        do {
            for setting in settings where enabled.contains(setting.controller) { try write(setting, to: group) }
        } catch {
            for setting in back where enabled.contains(setting.controller) { try? write(setting, to: group) }
            throw error
        }
    }

    /// The group of a container; `nil` when it has none.
    func group(of id: ContainerID) -> Cgroup? { try? root.existing(id.description) }

    /// Refuses what can't be kept; answers the controllers that are at work. One that few limits want is enabled when
    /// the first does: each makes every group dearer.
    @discardableResult
    func check(_ settings: [CgroupSetting]) throws -> Set<String> {
        for setting in settings where !setting.isPlain {
            throw AgentError(
                .driverBadReply, "the isolation driver wants to write \"\(setting.file)\" in a container's cgroup")
        }
        let further = Set(settings.map(\.controller)).subtracting(controllers)
        let enabled = further.isEmpty ? controllers : controllers.union((try? root.enable(further)) ?? [])
        for setting in settings where setting.required && !enabled.contains(setting.controller) {
            throw AgentError(
                .limitUnavailable,
                "\(setting.file) can't be set: the cgroup controller \"\(setting.controller)\" is not available below \(path)"
                    + Self.remedy(for: setting.controller),
                details: ["controller": .string(setting.controller)])
        }
        return enabled
    }

    private static func remedy(for controller: String) -> String {
        controller == "hugetlb"
            ? " (systemd hands this one to nobody: write +hugetlb to cgroup.subtree_control of each group above)"
            : " (a hybrid host keeps it on cgroup v1; boot with systemd.unified_cgroup_hierarchy=1)"
    }

    private func write(_ setting: CgroupSetting, to group: Cgroup) throws {
        do { try group.write(setting.file, setting.value) } catch  where error == .noSuchFile && !setting.required {
        } catch {
            throw AgentError(.limitUnavailable, "\(setting.file) did not take the value \(setting.value)").caused(
                by: error)
        }
    }

    /// SIGKILL to every process in it; no error when there is no such group.
    func kill(_ id: ContainerID) {
        guard let group = try? root.existing(id.description) else { return }
        try? group.kill()
    }

    /// Whether every process of a container stands still.
    func isFrozen(_ id: ContainerID) -> Bool { (try? group(of: id)?.isFrozen()) ?? false }

    func remove(_ id: ContainerID) throws(Errno) { try root.removeTree(id.description) }

    // MARK: Execs

    private static let mainName = "main"
    private static let execPrefix = "exec-"

    /// A group of its own for a program beside the main process, below the container's, so that it is accounted and
    /// killed whole. The limits stay with the container (docs/decisions/0009).
    func makeExec(_ number: Int, of id: ContainerID) throws -> Cgroup {
        let group = try root.existing(id.description)
        if !controllers.isEmpty { try share(group) }
        return try group.child(Self.execPrefix + String(number))
    }

    /// Hands the controllers on to the groups below, once. No process may live in a group that does: those that do move
    /// to `main`, again and again, since they may fork meanwhile.
    private func share(_ group: Cgroup) throws {
        guard try !group.enabledControllers().isSuperset(of: controllers) else { return }
        let main = try group.child(Self.mainName)
        for _ in 0..<100 {
            try group.moveProcesses(to: main)
            do {
                try group.enable(controllers)
                return
            } catch { guard error == .busy else { throw error } }
        }
        throw AgentError(.hostFailed, "the container's processes fork too fast to be moved", retryable: true)
    }

    func exec(_ number: Int, of id: ContainerID) -> Cgroup? {
        try? root.existing(id.description).existing(Self.execPrefix + String(number))
    }

    func execs(of id: ContainerID) -> [Int] {
        let names = (try? root.existing(id.description).children()) ?? []
        return names.compactMap { $0.hasPrefix(Self.execPrefix) ? Int($0.dropFirst(Self.execPrefix.count)) : nil }
    }

    /// Removes the group of an exec; what lives in it goes to the container's main processes.
    func removeExec(_ number: Int, of id: ContainerID) throws(Errno) {
        do {
            let group = try root.existing(id.description)
            let exec = try group.existing(Self.execPrefix + String(number))
            try exec.moveProcesses(to: (try? group.existing(Self.mainName)) ?? group)
            try group.removeTree(Self.execPrefix + String(number))
        } catch { guard error == .noSuchFile else { throw error } }
    }

    /// The containers that have a group.
    func groups() -> [ContainerID] { ((try? root.children()) ?? []).compactMap { try? ContainerID($0) } }
}

extension Cgroup {
    /// Those that end meanwhile are no concern.
    fileprivate func moveProcesses(to other: Cgroup) throws(Errno) {
        for pid in try processes() {
            do { try other.add(process: pid) } catch { guard error == .noSuchProcess else { throw error } }
        }
    }
}

extension CgroupSetting {
    /// A file of its own controller, in the group itself.
    fileprivate var isPlain: Bool {
        file.hasPrefix(controller + ".") && controller != "cgroup" && !file.contains("/") && !controller.isEmpty
    }
}
