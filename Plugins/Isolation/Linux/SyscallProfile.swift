/// What a container may ask of the kernel, as data.
///
/// A call that no group names is answered with ENOSYS, as an older kernel would: a C library then takes its older way.
/// A call that is known and refused is answered with EPERM, so that the program's message is the true one.
struct SyscallProfile {
    /// Calls that belong together, and why they are in this list.
    struct Group {
        let reason: String
        let names: [String]

        init(_ reason: String, _ names: [String]) {
            self.reason = reason
            self.names = names
        }

        init(_ reason: String, _ names: String) {
            self.init(reason, names.split(whereSeparator: \.isWhitespace).map(String.init))
        }
    }

    enum Answer: Hashable {
        case allow
        case fail(Errno)

        /// The numbers are the same on every architecture that Davit is built for.
        enum Errno: UInt32 { case notPermitted = 1, noSuchCall = 38, noSuchFamily = 97 }
    }

    enum Verdict: Hashable {
        case always(Answer)
        /// Allowed when the first argument, of whose lower half only `mask` counts, is one of `values`.
        ///
        /// The upper half of the register never counts: the kernel drops it from an `int`, so a filter that compared it
        /// could be led around.
        case allowed(mask: UInt32, values: [UInt32], otherwise: Answer)
    }

    var allowed: [Group]
    var refused: [Group]
    /// Calls whose first argument decides.
    var conditional: [String: Verdict]
    /// The same, for this machine's own programs only: 32-bit ones reach sockets by a call whose arguments lie in memory,
    /// where a filter can't read.
    let nativeConditional: [String: Verdict]
    /// For 32-bit programs only.
    let compatibleAllowed: [Group]

    /// Every call by name with what it gets.
    func verdicts(native: Bool) -> [String: Verdict] {
        let allowedGroups = native ? allowed : allowed + compatibleAllowed
        let always =
            allowedGroups.flatMap(\.names).map { ($0, Verdict.always(.allow)) }
            + refused.flatMap(\.names).map { ($0, Verdict.always(.fail(.notPermitted))) }
        let byArgument = native ? conditional.merging(nativeConditional) { first, _ in first } : conditional
        return Dictionary(always, uniquingKeysWith: { first, _ in first }).merging(byArgument) { _, last in last }
    }
}

extension SyscallProfile {
    static let standard = SyscallProfile(
        allowed: files + processes + memory + time + communication,
        refused: dangerous,
        conditional: ["clone": clone, "personality": personality],
        nativeConditional: ["socket": socket],
        compatibleAllowed: [
            Group("32-bit C libraries know only this door to sockets; it lets any family through", "socket socketcall")
        ])

    private static let files = [
        Group(
            "files by path: permissions and the mount tree decide",
            """
            access faccessat faccessat2 chdir fchdir chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32
            fchownat lchown lchown32 creat open openat openat2 link linkat symlink symlinkat readlink readlinkat mkdir
            mkdirat rmdir rename renameat renameat2 unlink unlinkat stat stat64 lstat lstat64 newfstatat fstatat64 statx
            statfs statfs64 truncate truncate64 utime utimes utimensat utimensat_time64 futimesat getcwd umask mknod
            mknodat name_to_handle_at
            """),
        Group(
            "file descriptors",
            """
            read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 close close_range lseek _llseek dup
            dup2 dup3 fcntl fcntl64 ioctl flock fsync fdatasync sync syncfs sync_file_range sync_file_range2
            arm_sync_file_range fallocate ftruncate ftruncate64 fstat fstat64 fstatfs fstatfs64 getdents getdents64
            copy_file_range sendfile sendfile64 splice tee vmsplice fadvise64 fadvise64_64 arm_fadvise64_64 readahead
            memfd_create cachestat
            """),
        Group(
            "extended attributes: the kernel checks each name space",
            """
            getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr
            flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
            """),
        Group(
            "waiting for descriptors and for changes of files",
            """
            poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
            epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4
            inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark io_setup io_destroy io_submit
            io_cancel io_getevents io_pgetevents io_pgetevents_time64 pipe pipe2
            """),
        Group("a change of root below the container's own, for package builds (needs CAP_SYS_CHROOT)", "chroot"),
    ]

    private static let processes = [
        Group(
            "processes and threads",
            """
            fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp setpgid
            getsid setsid pidfd_open pidfd_send_signal set_tid_address set_robust_list get_robust_list set_thread_area
            get_thread_area arch_prctl modify_ldt prctl rseq membarrier getcpu restart_syscall prlimit64 getrlimit
            ugetrlimit setrlimit getrusage getpriority setpriority nice ioprio_get ioprio_set times uname sysinfo
            breakpoint cacheflush set_tls
            """),
        Group(
            "signals",
            """
            kill tkill tgkill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
            rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaction sigaltstack signal sigpending sigprocmask
            sigreturn sigsuspend
            """),
        Group(
            "identities and capabilities: only what the capability sets allow",
            """
            getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid
            getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32
            setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32
            capget capset
            """),
        Group(
            "scheduling of one's own threads",
            """
            sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
            sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval
            sched_rr_get_interval_time64 sched_yield
            """),
        Group("debuggers, within the PID namespace (safe since Linux 4.8: a filter can't be dodged by it)", "ptrace"),
        Group(
            "never made, or gone: the kernel itself answers ENOSYS; named to leave no hole in a run of numbers",
            """
            afs_syscall break bdflush create_module ftime get_kernel_syms getpmsg gtty idle lock mpx nfsservctl prof
            profil putpmsg query_module security stty tuxcall ulimit uselib vserver _sysctl lookup_dcookie
            """),
        Group(
            "what the oldest 32-bit programs call, overtaken by others above",
            "oldfstat oldlstat oldstat oldolduname olduname readdir sgetmask ssetmask"),
        Group(
            "walls that a program puts around itself",
            """
            seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
            """),
    ]

    private static let memory = [
        Group(
            "memory of one's own",
            """
            brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall
            pkey_alloc pkey_free pkey_mprotect remap_file_pages memfd_secret mseal map_shadow_stack get_mempolicy
            process_mrelease getrandom
            """),
        Group(
            "locks between threads",
            "futex futex_time64 futex_waitv futex_wake futex_wait futex_requeue"),
    ]

    private static let time = [
        Group(
            "clocks and timers; setting the clock is refused below",
            """
            clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64
            gettimeofday time nanosleep alarm getitimer setitimer timer_create timer_delete timer_getoverrun
            timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
            timerfd_settime timerfd_settime64 adjtimex clock_adjtime clock_adjtime64
            """)
    ]

    private static let communication = [
        Group(
            "sockets once they are there; which families may be made is decided by argument",
            """
            socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt send sendto
            sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 shutdown
            """),
        Group(
            "System V and POSIX messages, semaphores and shared memory, in an IPC namespace of their own",
            """
            ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget
            mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
            mq_unlink
            """),
    ]

    private static let dangerous = [
        Group(
            "new namespaces and mounts open kernel code that containers have no need of",
            """
            unshare setns mount umount umount2 pivot_root move_mount open_tree open_tree_attr fsopen fsconfig fsmount
            fspick mount_setattr statmount listmount swapon swapoff quotactl quotactl_fd
            """),
        Group("keyrings are not divided by namespaces", "add_key request_key keyctl"),
        Group(
            "kernel code by way of programs: a long history of escapes",
            "bpf perf_event_open userfaultfd kcmp"),
        Group("rings pass calls that no filter sees", "io_uring_setup io_uring_enter io_uring_register"),
        Group("file handles walk around the mount tree", "open_by_handle_at fanotify_init"),
        Group(
            "memory and descriptors of other processes",
            "process_vm_readv process_vm_writev process_madvise pidfd_getfd"),
        Group(
            "the kernel itself",
            """
            init_module finit_module delete_module kexec_load kexec_file_load reboot
            """),
        Group("the host's clock", "settimeofday clock_settime clock_settime64 stime"),
        Group(
            "the host's devices, names, accounting and log",
            """
            iopl ioperm acct syslog sethostname setdomainname vhangup mbind set_mempolicy set_mempolicy_home_node
            migrate_pages move_pages vm86 vm86old ustat sysfs
            """),
    ]
}

extension SyscallProfile {
    /// No new namespaces: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
    ///
    /// `clone3` is in no list and so gets ENOSYS: its flags lie in memory, and C libraries then use `clone`.
    private static let clone = Verdict.allowed(mask: 0x7E02_0000, values: [0], otherwise: .fail(.notPermitted))

    /// Linux and 32-bit Linux, with and without UNAME26, and the query.
    private static let personality = Verdict.allowed(
        mask: .max, values: [0x0, 0x8, 0x2_0000, 0x2_0008, .max], otherwise: .fail(.notPermitted))

    /// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK and AF_PACKET. The others (AF_VSOCK reaches the hypervisor, AF_ALG kernel
    /// crypto, the rest is rarely used and rarely looked at) look as if the kernel were built without them.
    private static let socket = Verdict.allowed(
        mask: .max, values: [1, 2, 10, 16, 17], otherwise: .fail(.noSuchFamily))
}
