import Linux

/// What a plan needs to know of the host, read once.
struct HostFacts: Sendable {
    /// The most files that a program of a container may open by default: systemd's default of 524,288, or less.
    var openFiles: UInt64
    /// The highest hard limit by `RLIMIT_*`; one that isn't here is unbounded.
    var mostAllowed: [Int: UInt64]
    /// Version of Landlock; 0 for none.
    var landlock: Int
    var hasAppArmor: Bool
    var hasSELinux: Bool
    /// What a container without a user namespace can have.
    var capabilities: Capabilities
    var kernel: KernelVersion
    /// The score of programs that ask for none: the agent protects itself from out-of-memory kills, and its containers
    /// must not inherit that. `nil` where it has no protection, and a score below its own could not be set.
    var oomScore: Int?
    /// Asked anew for each container that wants one: an administrator loads profiles at any time.
    var profiles: @Sendable () -> AppArmorProfiles? = { .loaded }

    /// `CAP_SYS_RESOURCE`: may raise hard limits.
    private static let raisesLimits: Capabilities = "SYS_RESOURCE"

    static var current: HostFacts {
        let hard = hardLimits
        let own = Capabilities(rawValue: HostProbe.statusField("CapEff").flatMap { UInt64($0, radix: 16) } ?? 0)
        let mostFiles = HostProbe.number(in: "sys/fs/nr_open").map(UInt64.init) ?? 1_048_576
        return HostFacts(
            openFiles: min(hard[7] ?? 524_288, 524_288),
            mostAllowed: own.isSuperset(of: raisesLimits) ? [7: mostFiles] : hard, landlock: Landlock.version,
            hasAppArmor: HostProbe.isThere("/sys/kernel/security/apparmor"),
            hasSELinux: HostProbe.isThere("/sys/fs/selinux/enforce"), capabilities: own,
            kernel: KernelVersion(HostProbe.text("sys/kernel/osrelease") ?? ""),
            oomScore: (HostProbe.text("self/oom_score_adj") ?? "").hasPrefix("-") ? 0 : nil)
    }

    /// The lines of /proc/self/limits are in the kernel's order, which is not that of the numbers.
    private static let titles = [
        "Max cpu time", "Max file size", "Max data size", "Max stack size", "Max core file size", "Max resident set",
        "Max processes", "Max open files", "Max locked memory", "Max address space", "Max file locks",
        "Max pending signals", "Max msgqueue size", "Max nice priority", "Max realtime priority",
        "Max realtime timeout",
    ]

    private static var hardLimits: [Int: UInt64] {
        var limits: [Int: UInt64] = [:]
        for line in (HostProbe.text("self/limits") ?? "").split(separator: "\n") {
            guard let number = titles.firstIndex(where: { line.hasPrefix($0) }) else { continue }
            let values = line.dropFirst(titles[number].count).split(separator: " ")
            // "unlimited" is no number, and no bound.
            limits[number] = values.dropFirst().first.flatMap { UInt64($0) }
        }
        return limits
    }
}
