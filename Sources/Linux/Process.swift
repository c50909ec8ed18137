internal import CLinux

/// Starting programs.
public enum Process {
    /// A started child. Its exit must be collected with ``Pidfd/collect(wait:)``.
    public struct Spawned: ~Copyable, Sendable {
        public let pid: Int32
        public let pidfd: FileDescriptor

        /// The pidfd alone, shared.
        public consuming func shared() -> Pidfd { Pidfd(pidfd.shared()) }
    }

    /// Starts a program (`clone3(CLONE_VM|CLONE_VFORK|CLONE_PIDFD)`, `execveat`; Linux 5.7). About 45 us at any size.
    ///
    /// `executable` is an open program (not a script). `descriptors` become 3, 4, 5, ...; `standard` become 0, 1, 2,
    /// each missing or negative one `/dev/null`. All other descriptors are closed in the child, signals are at their
    /// defaults. The child is born in `cgroup`, and leads a process group of its own when `leads`. An error of exec is
    /// thrown; then there is no child.
    public static func spawn(
        executable: Int32, arguments: [String], environment: [String], descriptors: [Int32],
        standard: [Int32] = [], cgroup: Int32? = nil, leads: Bool = false
    ) throws(Errno) -> Spawned {
        for text in arguments + environment { _ = try plain(text) }
        let placed = (0..<3).map { $0 < standard.count ? standard[$0] : -1 } + descriptors
        var pidfd: Int32 = -1
        let result = unsafe withStrings(arguments) { arguments in
            unsafe withStrings(environment) { environment in
                unsafe placed.withUnsafeBufferPointer { placed in
                    guard let base = placed.baseAddress else { return -Errno.invalid.rawValue }
                    var request = unsafe davit_spawn(
                        executable: executable, arguments: arguments, environment: environment, descriptors: base,
                        descriptor_count: placed.count, cgroup: cgroup ?? -1, leads: leads)
                    return unsafe davit_spawn(&request, &pidfd)
                }
            }
        }
        return Spawned(pid: try check(result), pidfd: FileDescriptor(owning: pidfd))
    }

    /// Kills all that is left of the process group that a child leads (`kill`). Its number is that of no other before the
    /// child is collected, and not to be used afterwards. Idempotent.
    public static func endGroup(ledBy pid: Int32) {
        // 0 and -1 would mean other processes than that.
        if pid > 1 { _ = davit_signal(-pid, 9) }
    }

    /// This process.
    public static var pid: Int32 { davit_pid() }
}

/// Lends texts as a NULL-terminated array of C strings: one block of bytes and one of pointers into it.
private func withStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for text in texts {
        offsets.append(bytes.count)
        bytes += text.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    bytes.append(0)
    return unsafe bytes.withUnsafeBufferPointer { buffer in
        var pointers = unsafe [UnsafePointer<CChar>?](repeating: nil, count: texts.count + 1)
        for (index, offset) in offsets.enumerated() {
            unsafe pointers[index] = buffer.baseAddress.map { unsafe $0 + offset }
        }
        return unsafe body(&pointers)
    }
}
