import CLinux
import CSeccomp
import Glibc
import Linux

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
    private static let allowed = [
        "poll", "ppoll", "read", "recvfrom", "recvmsg", "sendto", "sendmsg", "accept4", "bind", "listen", "connect",
        "setsockopt", "getsockopt", "getpeername", "getsockname", "shutdown", "close", "write", "pwrite64",
        "openat2", "fstat", "newfstatat", "getdents64", "lseek",
        "brk", "munmap", "mremap", "madvise", "futex", "rt_sigreturn", "rt_sigprocmask", "rt_sigaction",
        "clock_gettime", "getrandom", "gettid", "getpid", "tgkill", "exit", "exit_group", "restart_syscall",
    ]
    /// Allowed without PROT_EXEC.
    private static let memory = ["mmap", "mprotect"]
    private static let families = [AF_INET, AF_INET6]

    /// Everything else fails with EPERM. It does not kill: names that go on are worth more than an end at a call that a
    /// later C library makes on its way to something that works without it.
    private static func filter() throws(Errno) -> Int32 {
        guard let filter = unsafe seccomp_init(refusal) else { throw Errno.noMemory }
        defer { unsafe seccomp_release(filter) }
        for name in allowed { try unsafe allow(filter, name) }
        let without = scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
        for name in memory { try unsafe allow(filter, name, without) }
        for family in families {
            let only = scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: UInt64(family), datum_b: 0)
            try unsafe allow(filter, "socket", only)
        }
        return unsafe seccomp_load(filter)
    }

    /// SCMP_ACT_ERRNO(EPERM) and SCMP_ACT_ALLOW of `<seccomp.h>`.
    private static let (refusal, allowance): (UInt32, UInt32) = (0x0005_0000 | UInt32(EPERM), 0x7FFF_0000)

    /// The filter must be one of seccomp_init.
    private static func allow(_ filter: scmp_filter_ctx, _ name: String, _ argument: scmp_arg_cmp...) throws(Errno) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        // A call that this architecture doesn't have.
        guard number >= 0 else { return }
        let result = unsafe seccomp_rule_add_array(filter, allowance, number, UInt32(argument.count), argument)
        guard result == 0 else { throw Errno(rawValue: -result) }
    }
}
