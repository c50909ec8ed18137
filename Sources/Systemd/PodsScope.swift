internal import Glibc

/// The transient scope that holds every container's cgroup, apart from the agent's own unit, so that a restart of the
/// agent never touches a container.
public enum PodsScope {
    /// The unit's name.
    public static let name = "davit-pods.scope"
    /// The unit's path among systemd's D-Bus objects: `-` is `_2d`, `.` is `_2e`.
    static let path = "/org/freedesktop/systemd1/unit/davit_2dpods_2escope"

    /// Makes the scope with one D-Bus call and waits until it stands. The holder is moved into it; the scope lives as
    /// long as any process in it.
    ///
    /// Blocks, 2 ms as a rule, `timeoutMicroseconds` at most (then `ETIMEDOUT`). Not idempotent: `EEXIST` when the unit
    /// exists. Needs root.
    /// - Returns: the scope's cgroup, below the cgroup root, for example `/davit.slice/davit-pods.scope`.
    public static func start(
        holderPID: Int32, timeoutMicroseconds: UInt64 = 10_000_000
    ) throws(SystemdError) -> String {
        let bus = try Bus.systemd()
        let job = try bus.startTransientUnit(name: name, properties: properties(holderPID))
        try bus.waitForJob(job, timeoutMicroseconds: timeoutMicroseconds)
        return try readControlGroup(bus)
    }

    /// The cgroup of the scope that exists, below the cgroup root; empty when there is none. Blocks shortly.
    public static func controlGroup() throws(SystemdError) -> String {
        try readControlGroup(Bus.systemd())
    }

    private static func readControlGroup(_ bus: borrowing Bus) throws(SystemdError) -> String {
        try bus.stringProperty("ControlGroup", of: "org.freedesktop.systemd1.Scope", at: path)
    }

    static func properties(_ holderPID: Int32) -> [(name: String, value: Bus.Value)] {
        [
            ("Description", .string("Davit's containers")),
            ("Slice", .string("davit.slice")),
            // So at shutdown the agent ends first. Said here and not as After= in the agent's unit: that would keep a
            // scope which has ended in systemd's memory, and its name taken.
            ("Before", .strings(["davitd.service"])),
            ("Delegate", .bool(true)),
            ("TasksMax", .uint64(.max)),
            ("TimeoutStopUSec", .uint64(10_000_000)),
            // After a stop that timed out the unit would stay, failed, and block its name.
            ("CollectMode", .string("inactive-or-failed")),
            ("PIDs", .uint32s([UInt32(bitPattern: holderPID)])),
        ]
    }
}
