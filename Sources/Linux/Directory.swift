internal import CLinux

/// A directory held open: every name is taken relative to it, whatever happens to the path it once had.
public struct Directory: Sendable {
    public let descriptor: Descriptor

    /// `descriptor` must be of a directory; otherwise each call throws ``Errno/notDirectory``.
    public init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Opens the directory at an absolute path, links followed.
    public init(path: String) throws(Errno) {
        let path = try plain(path)
        let flags = OpenFlags.directory.rawValue
        descriptor = Descriptor(owning: try check(unsafe davit_openat(Lookup.workingDirectory, path, flags, 0)))
    }

    var number: Int32 { descriptor.rawValue }

    /// Opens a file below this directory (`openat2`, Linux 5.6). `mode` counts only with ``OpenFlags/create``.
    ///
    /// Without `resolve` absolute paths and links are followed as `openat` does.
    public func open(
        _ path: String, _ flags: OpenFlags = .readOnly, mode: UInt32 = 0o644, resolve: Resolve = []
    ) throws(Errno) -> FileDescriptor {
        let path = try plain(path)
        let mode = flags.contains(.create) ? UInt64(mode) : 0
        let bits = UInt64(UInt32(bitPattern: flags.rawValue))
        return FileDescriptor(owning: try check(unsafe davit_openat2(number, path, bits, mode, resolve.rawValue)))
    }

    /// Opens a directory below this one.
    public func directory(_ path: String, resolve: Resolve = []) throws(Errno) -> Directory {
        Directory(try open(path, .directory, resolve: resolve).shared())
    }

    /// Makes a directory (`mkdirat`). Throws ``Errno/exists`` when the name is taken.
    public func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(Errno) {
        let path = try plain(path)
        try check(unsafe davit_mkdirat(number, path, mode))
    }

    /// Makes a device node (`mknodat`) with exactly these permission bits. Needs CAP_MKNOD.
    public func makeNode(
        _ name: String, _ device: DeviceNumber, isBlock: Bool, mode: UInt32
    ) throws(Errno) {
        let name = try plain(name)
        // S_IFBLK, S_IFCHR; then chmod: the umask takes bits from mknod.
        let kind: UInt32 = isBlock ? 0o060000 : 0o020000
        try check(unsafe davit_mknodat(number, name, kind | mode, device.major, device.minor))
        try check(unsafe davit_fchmodat(number, name, mode))
    }

    /// Makes a directory and its missing parents, never through a link and never above this one. Idempotent.
    @discardableResult
    public func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(Errno) -> Directory {
        var here = self
        for name in path.split(separator: "/").map(String.init) {
            do { try here.makeDirectory(name, mode: mode) } catch let error where error == .exists {}
            here = try here.directory(name, resolve: [.beneath, .noSymlinks])
        }
        return here
    }

    /// The names in this directory, without "." and "..", in no order.
    public func names() throws(Errno) -> [String] { try entries().map(\.name) }

    /// What `name` is, the link itself when it is one (`fstatat`).
    public func status(_ name: String) throws(Errno) -> FileStatus {
        try FileStatus(number, name, Lookup.noFollow)
    }

    /// What `name` is, or nil when there is none.
    public func statusIfPresent(_ name: String) throws(Errno) -> FileStatus? {
        do { return try status(name) } catch let error where error == .noSuchFile { return nil }
    }

    /// Removes a file, link or socket (`unlinkat`).
    public func remove(_ name: String) throws(Errno) {
        let name = try plain(name)
        try check(unsafe davit_unlinkat(number, name, 0))
    }

    /// Removes an empty directory.
    public func removeDirectory(_ name: String) throws(Errno) {
        let name = try plain(name)
        try check(unsafe davit_unlinkat(number, name, Lookup.removeDirectory))
    }

    /// Renames, replacing what has the new name. Atomic (`renameat2`).
    public func rename(_ name: String, to newName: String, in target: Directory? = nil) throws(Errno) {
        try move(name, newName, target, flags: 0)
    }

    /// Renames; throws ``Errno/exists`` when the new name is taken. Atomic (`RENAME_NOREPLACE`).
    public func renameExclusively(_ name: String, to newName: String, in target: Directory? = nil) throws(Errno) {
        try move(name, newName, target, flags: 1)
    }

    private func move(_ name: String, _ newName: String, _ target: Directory?, flags: UInt32) throws(Errno) {
        let (from, to) = (try plain(name), try plain(newName))
        try check(unsafe davit_renameat2(number, from, (target ?? self).number, to, flags))
    }

    /// Makes a symbolic link called `name` that says `target`.
    public func symlink(_ target: String, at name: String) throws(Errno) {
        let (target, name) = (try plain(target), try plain(name))
        try check(unsafe davit_symlinkat(target, number, name))
    }

    /// What the link `name` says. Bytes that are not UTF-8 are replaced.
    public func readLink(_ name: String) throws(Errno) -> String {
        let name = try plain(name)
        var count: Int64 = 0
        let bytes = unsafe [CChar](unsafeUninitializedCapacity: 4096) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            count = unsafe davit_readlinkat(number, name, base, buffer.count)
            used = max(0, Int(count))
        }
        try check(count)
        return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Sets the owner of `name`, of the link itself when it is one (`fchownat`).
    public func changeOwner(_ name: String, uid: UInt32, gid: UInt32) throws(Errno) {
        let name = try plain(name)
        try check(unsafe davit_fchownat(number, name, uid, gid, Lookup.noFollow))
    }

    /// Sets the permission bits of `name`, links followed (`fchmodat`).
    public func changeMode(_ name: String, _ mode: UInt32) throws(Errno) {
        let name = try plain(name)
        try check(unsafe davit_fchmodat(number, name, mode))
    }
}

extension OpenFile where Self: ~Copyable {
    /// Sets the owner of the open file; works on ``OpenFlags/path`` descriptors too.
    public func changeOwner(uid: UInt32, gid: UInt32) throws(Errno) {
        try check(unsafe davit_fchownat(rawValue, "", uid, gid, Lookup.emptyPath))
    }

    /// Sets the permission bits (`fchmod`).
    public func changeMode(_ mode: UInt32) throws(Errno) { try check(davit_fchmod(rawValue, mode)) }
}
