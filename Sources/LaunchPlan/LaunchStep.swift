/// One action of the container's first process, between its birth and its program.
///
/// Targets are paths in the new root: they are resolved below it, links refused, and made when they are absent.
/// Sources are paths in the old root, which is the monitor's.
public enum LaunchStep: Sendable {
    /// Sets `lo` up in the network namespace.
    case loopbackUp
    /// Enters a network namespace. The monitor does it before the birth: its owner is the host, not the container.
    case joinNetwork(Int)
    /// Becomes uid and gid 0 of the user namespace, without groups.
    case becomeRoot
    /// Stops mounts from spreading to or from other namespaces.
    case privateMounts
    /// Attaches a detached mount at a directory of the old root and goes there: it is the new root from now on.
    case attachRoot(Int, at: String)
    /// Mounts a new file system. `data` holds its options, comma-separated.
    case mount(type: String, source: String, target: String, flags: MountFlags, data: String)
    /// Shows a file or directory of the old root, or a detached mount, in the new root. With `recursive` the mounts
    /// below it come too.
    case bind(BindSource, target: String, recursive: Bool, flags: MountFlags)
    /// Shows the device `/dev/NAME` of the old root.
    case device(String)
    /// Makes a symbolic link at `link`; one that is there stays.
    case symlink(target: String, link: String)
    /// Changes how mounts below a path of the new root spread: `private`, `slave` or `shared`; the whole tree or its root.
    case propagation(String, Propagation, recursive: Bool)
    /// Hides a file behind `/dev/null`, a directory behind an empty one. An absent path is fine.
    case mask(String)
    /// Makes a path read-only, with all below. An absent path is fine.
    case readOnly(String)
    /// Makes the new root the root and forgets the old one.
    case pivot
    /// Makes the root mount itself read-only.
    case readOnlyRoot
    case hostname(String)
    /// `resource` is `RLIMIT_*`; the monitor sets it, since a container may not raise a hard limit.
    case resourceLimit(resource: Int, soft: UInt64, hard: UInt64)
    /// Writes `value` to `/proc/sys/NAME`, where `name` has slashes. Before /proc/sys is read-only.
    case sysctl(name: String, value: String)
    /// -1000 to 1000, to /proc/self/oom_score_adj. The monitor does it: a container may not lower its own.
    case oomScore(Int)
    /// Restricts the process by Landlock; access rights that this kernel doesn't know are left out.
    case landlock(LandlockRules)
    /// The label that the program gets at its exec.
    case label(LabelModule, String)
    /// Leaves a descriptor open in the program, under this number.
    case pass(Int, at: Int)
    /// Becomes a user, keeping the capabilities until ``capabilities(bounding:effective:ambient:)``.
    case user(uid: UInt32, gid: UInt32, groups: [UInt32])
    /// Sets the capability sets, bit by number. Inheritable is what is ambient.
    case capabilities(bounding: UInt64, effective: UInt64, ambient: UInt64)
    case noNewPrivileges
    /// Loads the seccomp program that is the content of a descriptor.
    case seccomp(Int)
    /// Goes to a directory of the new root, made when absent.
    case workingDirectory(String)
    /// Becomes the program. A name without "/" is searched in the `PATH` of `environment`.
    case exec(path: String, arguments: [String], environment: [String])
}

public enum Propagation: Sendable { case `private`, slave, shared }

/// A security module that labels processes.
public enum LabelModule: Sendable { case apparmor, selinux }

/// A Landlock domain: what it decides on, and what it lets pass. The bits are those of `<linux/landlock.h>`.
public struct LandlockRules: Sendable {
    /// `LANDLOCK_ACCESS_FS_*` that are forbidden but below the paths of ``paths``.
    public var files: UInt64
    /// `LANDLOCK_ACCESS_NET_*` that are forbidden but for the ports of ``ports``.
    public var network: UInt64
    /// `LANDLOCK_SCOPE_*`.
    public var scope: UInt64
    public var paths: [PathRule]
    public var ports: [PortRule]

    public struct PathRule: Sendable {
        /// In the new root; one that is not there is left out.
        public var path: String
        public var access: UInt64

        public init(path: String, access: UInt64) {
            self.path = path
            self.access = access
        }
    }

    public struct PortRule: Sendable {
        public var port: UInt16
        public var access: UInt64

        public init(port: UInt16, access: UInt64) {
            self.port = port
            self.access = access
        }
    }

    public init(files: UInt64, network: UInt64, scope: UInt64, paths: [PathRule] = [], ports: [PortRule] = []) {
        self.files = files
        self.network = network
        self.scope = scope
        self.paths = paths
        self.ports = ports
    }
}

/// What ``LaunchStep/bind(_:target:recursive:flags:)`` shows.
public enum BindSource: Sendable {
    /// A path of the old root.
    case path(String)
    /// A detached mount (`open_tree` with `OPEN_TREE_CLONE`), used up by the step.
    case descriptor(Int)
}

/// What a mount allows: `MOUNT_ATTR_*` of `<linux/mount.h>`.
public struct MountFlags: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let readOnly = MountFlags(rawValue: 0x1)
    public static let noSetUID = MountFlags(rawValue: 0x2)
    public static let noDevices = MountFlags(rawValue: 0x4)
    public static let noExecute = MountFlags(rawValue: 0x8)
    public static let noAccessTime = MountFlags(rawValue: 0x10)
    public static let strictAccessTime = MountFlags(rawValue: 0x20)
}

#if !hasFeature(Embedded)
    extension LaunchStep: Hashable {}
    extension BindSource: Hashable {}
    extension LandlockRules: Hashable {}
    extension LandlockRules.PathRule: Hashable {}
    extension LandlockRules.PortRule: Hashable {}
    extension MountFlags: Hashable {}
#endif
