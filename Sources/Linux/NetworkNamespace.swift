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

    /// A new network namespace, all of whose links are down; it goes with its last user or descriptor (`unshare`).
    /// Needs CAP_SYS_ADMIN. Blocks for about half a millisecond.
    public static func make() throws(Errno) -> Descriptor {
        try onThread { () throws(Errno) in
            try check(davit_unshare(kind))
            return try Directory(path: "/proc/thread-self/ns").open("net").shared()
        }
    }

    /// The network namespace of a process.
    public static func of(_ process: Pidfd) throws(Errno) -> Descriptor {
        try withNamespace(of: process) { () throws(Errno) in try current() }
    }

    /// The network namespace of the calling thread.
    public static func current() throws(Errno) -> Descriptor {
        try Directory(path: "/proc/thread-self/ns").open("net").shared()
    }

    /// Runs `body` in a network namespace on a thread of its own that ends afterwards (`setns`); the caller's thread
    /// stays where it is, and is blocked. What `body` opens belongs to the namespace for ever.
    public static func run<Value: Sendable>(
        in namespace: Descriptor, _ body: @escaping @Sendable () throws(Errno) -> Value
    ) throws(Errno) -> Value {
        try onThread { () throws(Errno) in
            try check(davit_setns(namespace.rawValue, kind))
            return try body()
        }
    }

    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws(Errno) -> Value
    ) throws(Errno) -> Value {
        let outcome = Guarded<Result<Value, Errno>?>(nil)
        try Thread.start("network") {
            let result: Result<Value, Errno> = Result(catching: body)
            outcome.withLock { $0 = result }
            outcome.wakeAll()
        }
        return try outcome.wait { $0 }.get()
    }
}
