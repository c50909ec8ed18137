internal import CLinux

extension OpenFile where Self: ~Copyable {
    /// Another descriptor of the same open file (`fcntl(F_DUPFD_CLOEXEC)`): position and flags are shared.
    public func duplicate() throws(Errno) -> FileDescriptor {
        FileDescriptor(owning: try check(davit_duplicate(rawValue, 0)))
    }

    /// Reads at most `count` bytes from the current position (`read`). Empty means the end. Blocks as the file does.
    public func read(upTo count: Int) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(count, 1)) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            let got = unsafe davit_read(rawValue, base, buffer.count)
            used = max(0, Int(got))
            if got < 0 { failure = Errno(rawValue: Int32(truncatingIfNeeded: -got)) }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads from here to the end. Throws ``Errno/fileTooLarge`` when there are more than `limit` bytes.
    public func readAll(limit: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try read(upTo: min(65536, limit - bytes.count + 1))
            if piece.isEmpty { return bytes }
            bytes += piece
            if bytes.count > limit { throw Errno.fileTooLarge }
        }
    }

    /// Writes once, as much as the kernel takes (`write`). Returns how many bytes that was.
    public func write(some bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int64(0) }
            return unsafe davit_write(rawValue, base, buffer.count)
        }
        return Int(try check(result))
    }

    /// Writes all of `bytes`, in as many writes as it takes. Not atomic. Blocks as the file does.
    public func write(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try write(some: rest)) }
    }

    /// Writes the UTF-8 of `text`.
    public func write(_ text: String) throws(Errno) { try write([UInt8](text.utf8)) }

    /// What the open file is (`fstat`).
    public func status() throws(Errno) -> FileStatus { try FileStatus(rawValue, "", Lookup.emptyPath) }

    /// Returns when content and metadata are on the disk (`fsync`). Blocks.
    public func synchronize() throws(Errno) { try check(davit_fsync(rawValue)) }

    /// Returns when the whole file system of this file is on the disk (`syncfs`). Blocks long.
    public func synchronizeFileSystem() throws(Errno) { try check(davit_syncfs(rawValue)) }

    /// Sets the size (`ftruncate`).
    public func truncate(to size: Int64) throws(Errno) { try check(davit_ftruncate(rawValue, size)) }

    /// Sets `O_NONBLOCK` of the open file, which all its descriptors share.
    public func setNonblocking(_ on: Bool) throws(Errno) { try check(davit_set_nonblocking(rawValue, on)) }

    /// Waits until reading would not block, at most `milliseconds` (for ever when negative). False: the time is over.
    public func waitReadable(milliseconds: Int32) throws(Errno) -> Bool {
        try check(davit_poll(rawValue, 1, milliseconds)) != 0
    }

    /// Waits until there is room to write.
    public func waitWritable() throws(Errno) { try check(davit_poll(rawValue, 4, -1)) }

    /// The text of this thread's name of the file, for calls that take only paths.
    public var path: String { "/proc/thread-self/fd/\(rawValue)" }

    /// Where the file is now, as the kernel has it; a file that was removed has " (deleted)" at the end.
    public func currentPath() throws(Errno) -> String {
        try Directory(path: "/proc/thread-self/fd").readLink("\(rawValue)")
    }
}
