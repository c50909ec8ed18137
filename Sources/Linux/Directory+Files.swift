internal import CLinux

extension Directory {
    /// The content of a regular file. Throws ``Errno/fileTooLarge`` past `limit`, ``Errno/invalid`` when it is anything
    /// but a regular file. Never blocks on a FIFO.
    public func read(_ path: String, limit: Int, resolve: Resolve = []) throws(Errno) -> [UInt8] {
        let file = try open(path, [.nonblocking, .noTerminal], resolve: resolve)
        let status = try file.status()
        guard status.kind == .regular else {
            throw status.kind == .directory ? Errno.isDirectory : Errno.invalid
        }
        return try file.readAll(limit: limit)
    }

    /// The content, or nil when there is no such file.
    public func readIfPresent(_ path: String, limit: Int, resolve: Resolve = []) throws(Errno) -> [UInt8]? {
        do { return try read(path, limit: limit, resolve: resolve) } catch let error where error == .noSuchFile {
            return nil
        }
    }

    /// Gives `name` this content, all or nothing: a reader sees the old or the new file. Atomic, idempotent.
    ///
    /// `durable`: when it returns, the new content outlives a power cut (two fsyncs; blocks). Two writers of one name
    /// must take turns.
    public func replaceFile(
        _ name: String, _ bytes: [UInt8], mode: UInt32 = 0o644, durable: Bool = false
    ) throws(Errno) {
        let temporary = name + ".tmp"
        let file = try open(temporary, [.writeOnly, .create, .truncate, .noFollow], mode: mode)
        do {
            try file.write(bytes)
            if durable { try file.synchronize() }
            try file.close()
            try rename(temporary, to: name)
        } catch {
            try? remove(temporary)
            throw error
        }
        if durable { try open(".", .directory).synchronize() }
    }
}
