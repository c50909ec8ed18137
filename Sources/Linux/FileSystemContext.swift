internal import CLinux

/// A file system being configured (`fsopen`, Linux 5.2): set its options, then make its mount.
public struct FileSystemContext: ~Copyable, Sendable {
    private let context: FileDescriptor

    /// `type` as in `/proc/filesystems`. Throws ``Errno/noDevice`` when the kernel does not know it.
    public init(_ type: String) throws(Errno) {
        let type = try plain(type)
        context = FileDescriptor(owning: try check(unsafe davit_fsopen(type)))
    }

    /// Sets an option without value.
    public func set(flag: String) throws(Errno) {
        let flag = try plain(flag)
        try check(unsafe davit_fsconfig(context.rawValue, 0, flag, nil, 0))
    }

    /// Sets an option. At most 255 bytes of value.
    public func set(_ key: String, _ value: String) throws(Errno) {
        let (key, value) = (try plain(key), try plain(value))
        try check(unsafe davit_fsconfig(context.rawValue, 1, key, value, 0))
    }

    /// Sets an option to an open file; overlayfs knows it from Linux 6.13, older answer ``Errno/notSupported``
    /// or ``Errno/invalid``.
    public func set(_ key: String, _ file: borrowing some OpenFile & ~Copyable) throws(Errno) {
        let key = try plain(key)
        try check(unsafe davit_fsconfig(context.rawValue, 5, key, nil, file.rawValue))
    }

    /// Makes the file system and one mount of it that is attached nowhere (`FSCONFIG_CMD_CREATE`, `fsmount`).
    public func mount(_ attributes: MountAttributes = []) throws(Errno) -> FileDescriptor {
        try check(davit_fsconfig(context.rawValue, 6, nil, nil, 0))
        return FileDescriptor(
            owning: try check(davit_fsmount(context.rawValue, UInt32(truncatingIfNeeded: attributes.rawValue))))
    }

    /// What the kernel has to say about the last failure; empty when nothing.
    public func messages() -> [String] {
        var found: [String] = []
        while found.count < 16, let line = try? context.read(upTo: 1024), !line.isEmpty {
            found.append(String(decoding: line, as: UTF8.self))
        }
        return found
    }
}
