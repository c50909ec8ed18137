/// What a mount allows: `MOUNT_ATTR_*` of `<linux/mount.h>`.
public struct MountAttributes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let readOnly = MountAttributes(rawValue: 0x1)
    public static let noSetUID = MountAttributes(rawValue: 0x2)
    public static let noDevices = MountAttributes(rawValue: 0x4)
    public static let noExecute = MountAttributes(rawValue: 0x8)
    public static let noAccessTime = MountAttributes(rawValue: 0x10)
    public static let strictAccessTime = MountAttributes(rawValue: 0x20)
    public static let noSymlinks = MountAttributes(rawValue: 0x20_0000)
    static let idMap = MountAttributes(rawValue: 0x10_0000)
}

/// Whether mounts made below one mount appear below its copies: `MS_*` of `<sys/mount.h>`.
public enum MountPropagation: UInt64, Sendable {
    case `private` = 0x40000
    case slave = 0x80000
    case shared = 0x100000
}
