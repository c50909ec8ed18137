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
    extension MountFlags: Hashable {}
#endif
