import CLinux
import CSeccomp
import Glibc
import Model

/// The walls that this process puts around itself before it reads the first byte of an image.
enum Sandbox {
    /// Bytes that the process may grow by from here on. With some 15 MB to begin with, it stays below 64 MiB.
    private static let growth: UInt64 = 46 << 20

    /// Makes `root` (a directory) the root directory, or an empty one where there is no need for files.
    static func enter(root: Int32?, maxFileSize: Int64 = 0) throws {
        let steps: [(String, () throws -> Int32)] = [
            ("close_range", { unsafe davit_close_others(5, [], 0) }),
            ("unshare", { davit_unshare(newNetwork | newIPC | newUTS) }),
            ("setrlimit", { try limit(maxFileSize) }),
            ("chroot", { try confine(root) }),
            ("capset", { davit_set_capabilities(capabilities, capabilities, 0) }),
            ("prctl", { davit_no_new_privileges() }),
            ("seccomp", { try filter() }),
        ]
        for (name, step) in steps {
            let result = try step()
            if result < 0 {
                throw AgentError(.hostUnsupported, "the sandbox of davit-image can't be made: \(name) failed")
            }
        }
    }

    /// CHOWN, DAC_OVERRIDE, FOWNER, FSETID: any owner and mode in a layer. MKNOD: devices and whiteouts. SETFCAP: file
    /// capabilities. SYS_ADMIN: only so that `trusted.overlay.opaque` can be set; the system calls that make it the
    /// large capability it is (mount, setns, bpf, ...) are not in the filter's list.
    private static let capabilities: UInt64 = [0, 1, 3, 4, 21, 27, 31].reduce(0) { $0 | 1 << UInt64($1) }

    private static let (newUTS, newIPC, newNetwork): (Int32, Int32, Int32) = (0x0400_0000, 0x0800_0000, 0x4000_0000)

    /// The numbers of getrlimit(2): they are the same on every architecture that Davit knows.
    private enum Resource {
        static let (fileSize, core, openFiles, addressSpace): (Int32, Int32, Int32, Int32) = (1, 4, 7, 9)
    }

    private static func limit(_ maxFileSize: Int64) throws -> Int32 {
        let limits = [
            (Resource.addressSpace, try addressSpace() + growth), (Resource.core, 0), (Resource.openFiles, 32),
            (Resource.fileSize, UInt64(max(maxFileSize, 0))),
        ]
        for (resource, value) in limits {
            let result = davit_limit(0, resource, value, value)
            if result < 0 { return result }
        }
        // More than RLIMIT_FSIZE must be an error of write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        return 0
    }

    /// Bytes of address space in use now; most of it is libraries that are never touched.
    private static func addressSpace() throws -> UInt64 {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", "/proc/self/statm") }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 32)
        let count = unsafe read(descriptor, &text, text.count)
        let digits = text.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
        let pages = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func confine(_ root: Int32?) throws -> Int32 {
        if let root {
            guard fchdir(root) == 0 else { return -errno }
        } else {
            // A directory without files that can be opened in any useful way, on every Linux.
            guard unsafe chdir("/proc/self/task") == 0 else { return -errno }
        }
        umask(0)
        return unsafe chroot(".") == 0 && chdir("/") == 0 ? 0 : -errno
    }

    // MARK: System calls

    /// What reading an archive and writing a tree take, and what the allocator and an orderly end take.
    private static let allowed = [
        "read", "pread64", "write", "pwrite64", "lseek", "ftruncate", "close", "fstat", "fstatfs", "newfstatat",
        "openat2",
        "mkdirat", "mknodat", "symlinkat", "linkat", "unlinkat", "fchown", "fchownat", "fchmod", "fchmodat",
        "fsetxattr", "fgetxattr", "flistxattr", "readlinkat",
        "utimensat", "getdents64", "brk", "munmap", "mremap", "madvise", "futex", "rt_sigreturn", "rt_sigprocmask",
        "clock_gettime", "getrandom", "gettid", "getpid", "tgkill", "exit", "exit_group",
    ]
    /// These fail softly: the C library asks for them on its way to something that works without them.
    private static let refused = ["open", "openat", "access", "faccessat", "faccessat2", "readlink", "ioctl", "prctl"]
    /// Allowed without PROT_EXEC.
    private static let memory = ["mmap", "mprotect"]

    private static func filter() throws -> Int32 {
        guard let filter = unsafe seccomp_init(SCMP_ACT_KILL_PROCESS) else { return -ENOMEM }
        defer { unsafe seccomp_release(filter) }
        for name in allowed { try unsafe add(filter, 0x7FFF_0000, name, []) }
        for name in refused { try unsafe add(filter, 0x0005_0000 | UInt32(EPERM), name, []) }
        let executable = UInt64(PROT_EXEC)
        let without = scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: executable, datum_b: 0)
        for name in memory { try unsafe add(filter, 0x7FFF_0000, name, [without]) }
        return unsafe seccomp_load(filter)
    }

    private static func add(
        _ filter: scmp_filter_ctx, _ action: UInt32, _ name: String, _ arguments: [scmp_arg_cmp]
    ) throws {
        let number = unsafe seccomp_syscall_resolve_name(name)
        // A call that this architecture doesn't have.
        guard number >= 0 else { return }
        let result = unsafe seccomp_rule_add_array(filter, action, number, UInt32(arguments.count), arguments)
        guard result == 0 else { throw failure("seccomp_rule_add", name, result) }
    }
}
