internal import CLinux

/// Calls that are made in another network namespace.
public enum NetworkNamespace {
    /// CLONE_NEWNET
    private static let kind: Int32 = 0x4000_0000

    /// Runs `body` in the network namespace of a process and comes back (`setns`, with a pidfd since Linux 5.8).
    ///
    /// Only the calling thread moves, and nothing else runs on it meanwhile: `body` does not suspend. A thread that can't
    /// come back must not do anything more, so that ends the program.
    public static func withNamespace<Value>(
        of process: Pidfd, _ body: () throws(Errno) -> Value
    ) throws(Errno) -> Value {
        let home = try Directory(path: "/proc/thread-self/ns").open("net")
        try check(davit_setns(process.descriptor.rawValue, kind))
        let outcome: Result<Value, Errno> = Result(catching: body)
        let back = davit_setns(home.rawValue, kind)
        precondition(back == 0, "the thread can't leave a container's network: \(Errno(rawValue: -back))")
        return try outcome.get()
    }
}
