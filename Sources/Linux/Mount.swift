internal import CLinux

/// Mounts by descriptor (Linux 5.2 and 5.12). All need CAP_SYS_ADMIN in the caller's mount namespace.
public enum Mount {
    /// A copy of the mount at a path, attached nowhere; it goes with its last descriptor (`open_tree`).
    public static func clone(_ path: String, recursive: Bool = false) throws(Errno) -> FileDescriptor {
        let path = try plain(path)
        let flags: UInt32 = 1 | (recursive ? UInt32(Lookup.recursive) : 0)
        return FileDescriptor(owning: try check(unsafe davit_open_tree(Lookup.workingDirectory, path, flags)))
    }

    /// A copy of what an open file names: the file or directory itself becomes the root of the mount.
    ///
    /// The file must be reachable in the caller's mount namespace, else ``Errno/invalid``.
    public static func clone(
        of file: borrowing some OpenFile & ~Copyable, recursive: Bool = false
    ) throws(Errno) -> FileDescriptor {
        let flags: UInt32 = 1 | UInt32(Lookup.emptyPath) | (recursive ? UInt32(Lookup.recursive) : 0)
        return FileDescriptor(owning: try check(unsafe davit_open_tree(file.rawValue, "", flags)))
    }

    /// Attaches a detached mount on a path (`move_mount`).
    public static func attach(_ mount: borrowing some OpenFile & ~Copyable, at path: String) throws(Errno) {
        let path = try plain(path)
        try check(unsafe davit_move_mount(mount.rawValue, "", Lookup.workingDirectory, path, 0x4))
    }

    /// Attaches a detached mount on an open file or directory.
    public static func attach(
        _ mount: borrowing some OpenFile & ~Copyable, on target: borrowing some OpenFile & ~Copyable
    ) throws(Errno) {
        try check(unsafe davit_move_mount(mount.rawValue, "", target.rawValue, "", 0x4 | 0x40))
    }

    /// Changes the attributes of a mount (`mount_setattr`). Atomic, also when recursive.
    public static func change(
        _ mount: borrowing some OpenFile & ~Copyable, set: MountAttributes = [], clear: MountAttributes = [],
        recursive: Bool = false
    ) throws(Errno) {
        try setAttributes(mount.rawValue, set.rawValue, clear.rawValue, recursive: recursive)
    }

    /// Maps the owners of files through a user namespace: once, on a detached mount, needs no unmount (Linux 5.12).
    public static func idMap(
        _ mount: borrowing some OpenFile & ~Copyable, through userNamespace: Descriptor, recursive: Bool = false
    ) throws(Errno) {
        let set = MountAttributes.idMap.rawValue
        try setAttributes(mount.rawValue, set, 0, recursive: recursive, userNamespace: userNamespace.rawValue)
    }

    private static func setAttributes(
        _ mount: Int32, _ set: UInt64, _ clear: UInt64, recursive: Bool, userNamespace: Int32 = -1
    ) throws(Errno) {
        let flags = UInt32(Lookup.emptyPath | (recursive ? Lookup.recursive : 0))
        try check(unsafe davit_mount_setattr(mount, "", flags, set, clear, 0, userNamespace))
    }

    /// Sets the propagation of the mount at a path.
    public static func setPropagation(
        _ path: String, _ propagation: MountPropagation, recursive: Bool = true
    ) throws(Errno) {
        let path = try plain(path)
        let flags = recursive ? UInt32(Lookup.recursive) : 0
        let here = Lookup.workingDirectory
        try check(unsafe davit_mount_setattr(here, path, flags, 0, 0, propagation.rawValue, -1))
    }

    /// Sets the propagation of a mount by descriptor; works on detached ones.
    public static func setPropagation(
        of mount: borrowing some OpenFile & ~Copyable, _ propagation: MountPropagation, recursive: Bool = true
    ) throws(Errno) {
        let flags = UInt32(Lookup.emptyPath | (recursive ? Lookup.recursive : 0))
        try check(unsafe davit_mount_setattr(mount.rawValue, "", flags, 0, 0, propagation.rawValue, -1))
    }

    /// Takes the mount at a path away, at once or when its last user goes (`umount2`, links not followed).
    public static func detach(_ path: String, lazily: Bool = true) throws(Errno) {
        let path = try plain(path)
        try check(unsafe davit_umount(path, (lazily ? 2 : 0) | 8))
    }
}
