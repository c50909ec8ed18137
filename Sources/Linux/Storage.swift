internal import CLinux

extension Directory {
    /// Makes this the working directory of the calling thread (`fchdir`), or of the whole process where the thread
    /// shares it: meant for a ``PrivateMountThread``.
    public func enter() throws(Errno) { try check(davit_fchdir(number)) }

    /// Asks ext2 to ext4 to spread the directories made in this one over the disk (`chattr +T`). Idempotent.
    ///
    /// Other file systems answer ENOTTY or EOPNOTSUPP.
    public func scatterDirectories() throws(Errno) { try check(davit_scatter_directories(number)) }
}

extension Mount {
    /// Makes a file system of a nodev mount at a path, in the old way (`mount`): for more options than
    /// ``FileSystemContext`` takes, 4,095 bytes in all.
    public static func make(_ type: String, at path: String, options: String) throws(Errno) {
        let (type, path, options) = (try plain(type), try plain(path), try plain(options))
        try check(unsafe davit_mount(type, path, options))
    }
}

extension Thread {
    /// Gives the calling thread the lowest priority for processor and disk (`setpriority`, `ioprio_set`).
    public static func yieldToOthers() throws(Errno) { try check(davit_lowest_priority()) }
}

extension OpenFile where Self: ~Copyable {
    /// Whether the open file has an extended attribute (`fgetxattr`).
    public func hasAttribute(_ name: String) throws(Errno) -> Bool {
        let name = try plain(name)
        do { try check(unsafe davit_attribute_size(rawValue, name)) } catch {
            guard error == .noData || error == .notSupported else { throw error }
            return false
        }
        return true
    }
}
