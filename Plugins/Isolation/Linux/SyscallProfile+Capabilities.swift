extension SyscallProfile {
    /// What a capability is for is no use without its calls, and the kernel checks the capability at each of them.
    private static let openings: [(capability: Capabilities, names: String)] = [
        (
            "SYS_ADMIN",
            """
            unshare setns mount umount umount2 pivot_root move_mount open_tree open_tree_attr fsopen fsconfig fsmount
            fspick mount_setattr statmount listmount quotactl quotactl_fd swapon swapoff fanotify_init bpf
            perf_event_open syslog sethostname setdomainname clone clone3
            """
        ),
        ("SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev"),
        ("SYS_MODULE", "init_module finit_module delete_module"),
        ("SYS_BOOT", "reboot kexec_load kexec_file_load"),
        ("SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
        ("SYS_NICE", "mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages"),
        ("SYS_PACCT", "acct"),
        ("SYS_RAWIO", "iopl ioperm"),
        ("SYS_TTY_CONFIG", "vhangup"),
        ("SYSLOG", "syslog"),
        ("DAC_READ_SEARCH", "open_by_handle_at"),
        ("BPF", "bpf"),
        ("PERFMON", "perf_event_open"),
    ]

    /// The capabilities that change the profile.
    static let opening = openings.reduce(into: Capabilities()) { $0.formUnion($1.capability) }

    /// The profile for a program that has these capabilities.
    func opened(for capabilities: Capabilities) -> SyscallProfile {
        let granted = Self.openings.filter { capabilities.isSuperset(of: $0.capability) }
        guard !granted.isEmpty else { return self }
        let names = Set(granted.flatMap { $0.names.split(whereSeparator: \.isWhitespace).map(String.init) })
        var profile = self
        profile.allowed.append(Group("what the program's capabilities are for", names.sorted()))
        profile.refused = refused.map { group in Group(group.reason, group.names.filter { !names.contains($0) }) }
        for name in names { profile.conditional[name] = nil }
        return profile
    }
}
