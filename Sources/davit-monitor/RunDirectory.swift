internal import CLinux

/// How the main process ended.
struct Exit {
    var status: Int32?
    var signal: Int32?
    var oom = false
    /// Nanoseconds since 1970.
    var time = davit_clock_ns(false)

    var statusText: String { Self.text(status) }
    var signalText: String { Self.text(signal) }

    private static func text(_ number: Int32?) -> String {
        guard let number else { return "null" }
        return "\(number)"
    }
}

/// The container's directory of records: `launched` is locked as long as the monitor lives, `exit` comes at the end.
struct RunDirectory {
    let directory: Int32
    let lock: Int32

    /// Makes `launched`, empty, and locks it.
    init(_ directory: Int32) throws(Failure) {
        self.directory = directory
        let flags = Kernel.readWrite | Kernel.create | Kernel.truncate | Kernel.noFollow
        lock = try check(unsafe davit_openat(directory, "launched", flags, 0o644))
        try check(davit_flock(lock, 2 | 4))
    }

    func writeLaunched(pid: Int32) {
        let line = "{\"monitor\":\(davit_pid()),\"pid\":\(pid),\"time_ns\":\(davit_clock_ns(false))}\n"
        let bytes = [UInt8](line.utf8)
        _ = unsafe davit_write(lock, bytes, bytes.count)
    }

    /// There is no container after all.
    func removeLaunched() { _ = unsafe davit_unlinkat(directory, "launched", 0) }

    /// Writes the record of the end. Atomic: a reader sees all of it or nothing.
    func write(_ exit: Exit) {
        let flags = Kernel.writeOnly | Kernel.create | Kernel.truncate | Kernel.noFollow
        let file = unsafe davit_openat(directory, "exit.tmp", flags, 0o644)
        guard file >= 0 else { return }
        let line =
            "{\"status\":\(exit.statusText),\"signal\":\(exit.signalText),\"oom\":\(exit.oom ? "true" : "false"),"
            + "\"time_ns\":\(exit.time)}\n"
        let bytes = [UInt8](line.utf8)
        let written = unsafe davit_write(file, bytes, bytes.count)
        _ = davit_close(file)
        guard written == Int64(bytes.count) else { return }
        _ = unsafe davit_renameat2(directory, "exit.tmp", directory, "exit", 0)
    }
}

/// The cgroup of the main process, for the question whether the kernel killed in it for want of memory.
struct MemoryEvents {
    let cgroup: Int32

    var oomKilled: Bool {
        guard cgroup >= 0 else { return false }
        let file = unsafe davit_openat(cgroup, "memory.events", 0, 0)
        guard file >= 0 else { return false }
        defer { _ = davit_close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let got = unsafe davit_read(file, &bytes, bytes.count)
        return got > 0 && Self.kills(bytes.prefix(Int(got))) > 0
    }

    /// The number after "oom_kill ".
    private static func kills(_ text: ArraySlice<UInt8>) -> Int {
        let key = [UInt8]("oom_kill ".utf8)
        for line in text.split(separator: 10) where line.starts(with: key) {
            return line.dropFirst(key.count).reduce(0) { $0 &* 10 &+ Int($1) &- 48 }
        }
        return 0
    }
}
