import CLinux
import Glibc
import Linux
import Seccomp

/// The walls that this process puts around itself before it reads the first query.
enum Sandbox {
    /// Which wall can't be made, and why.
    struct Failure: Error, CustomStringConvertible {
        var step: String
        var reason: Errno

        var description: String { "the sandbox can't be made: \(step) failed: \(reason)" }
    }

    /// Bytes of address space that the process may grow by. It has a few MB for a thousand names.
    private static let growth: UInt64 = 256 << 20
    /// Sockets of some 1,500 networks beside all clients and queries.
    private static let openFiles: UInt64 = 4096
    /// `nobody`: owns no file, and no secret is readable by it.
    private static let user: UInt32 = 65534
    /// CAP_NET_BIND_SERVICE: networks that come later have port 53 too.
    private static let capabilities: UInt64 = 1 << 10

    /// What stays possible: reading below `places`, sockets of the Internet, TCP at `port` and to port 53. The process
    /// must have one thread. For ever.
    static func enter(reading places: [Directory], port: UInt16) throws(Failure) {
        signal(SIGPIPE, SIG_IGN)
        let steps: [(String, () throws(Errno) -> Int32)] = [
            ("setrlimit", limit),
            ("setresuid", { () throws(Errno) in davit_become(user, user, nil, 0) }),
            ("capset", { () throws(Errno) in davit_set_capabilities(capabilities, capabilities, 0) }),
            ("prctl", { () throws(Errno) in davit_no_new_privileges() }),
            (
                "landlock",
                { () throws(Errno) in
                    try Landlock.confine(reading: places, binding: port, connecting: 53)
                    return 0
                }
            ),
            ("seccomp", filter),
        ]
        for (name, step) in steps {
            let result: Int32
            do { result = try step() } catch { throw Failure(step: name, reason: error) }
            if result < 0 { throw Failure(step: name, reason: Errno(rawValue: -result)) }
        }
    }

    /// The numbers of getrlimit(2): they are the same on every architecture that Davit knows.
    private enum Resource {
        static let (core, openFiles, addressSpace): (Int32, Int32, Int32) = (4, 7, 9)
    }

    private static func limit() throws(Errno) -> Int32 {
        // The first number: pages of address space, most of it libraries that are never touched.
        let text = String(decoding: try Directory(path: "/proc/self").read("statm", limit: 4096), as: UTF8.self)
        let pages = text.split(separator: " ").first.flatMap { UInt64($0) } ?? 0
        let limits = [
            (Resource.addressSpace, pages * UInt64(sysconf(Int32(_SC_PAGESIZE))) + growth), (Resource.core, 0),
            (Resource.openFiles, openFiles),
        ]
        for (resource, value) in limits {
            let result = davit_limit(0, resource, value, value)
            if result < 0 { return result }
        }
        return 0
    }

    // MARK: System calls

    /// What the loop and its sockets take, reading files, the allocator and an orderly end.
    private static let allowed: [SyscallFilter.Call] = [
        "poll", "ppoll", "read", "recvfrom", "recvmsg", "sendto", "sendmsg", "accept4", "bind", "listen", "connect",
        "setsockopt", "getsockopt", "getpeername", "getsockname", "shutdown", "close", "write", "pwrite64",
        "openat2", "fstat", "newfstatat", "getdents64", "lseek",
        "brk", "munmap", "mremap", "madvise", "futex", "rt_sigreturn", "rt_sigprocmask", "rt_sigaction",
        "clock_gettime", "getrandom", "gettid", "getpid", "tgkill", "exit", "exit_group", "restart_syscall",
        .call("mmap", where: 2, lacks: UInt64(PROT_EXEC)), .call("mprotect", where: 2, lacks: UInt64(PROT_EXEC)),
        .call("socket", where: 0, is: UInt64(AF_INET)), .call("socket", where: 0, is: UInt64(AF_INET6)),
    ]

    /// Everything else fails. It does not kill: names that go on are worth more than an end at a call that a later C
    /// library makes on its way to something that works without it.
    private static func filter() -> Int32 { SyscallFilter(allowing: allowed, refusingWith: EPERM).enter() }
}
