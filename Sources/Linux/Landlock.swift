internal import CLinux

/// The walls that a process may put around itself (Linux 5.13).
public enum Landlock {
    /// What the kernel knows of it: 0 when it has none, or when it is turned off (`landlock_create_ruleset`).
    public static var version: Int { max(0, Int(davit_landlock_version())) }

    /// All `LANDLOCK_ACCESS_FS_*` by the version of the interface that brought the last of them.
    private static let files: [(version: Int, rights: UInt64)] = [(1, 0x1FFF), (2, 0x3FFF), (3, 0x7FFF), (5, 0xFFFF)]
    /// READ_FILE, READ_DIR.
    private static let reading: UInt64 = 0x4 | 0x8
    /// LANDLOCK_ACCESS_NET_BIND_TCP and _CONNECT_TCP; since version 4.
    private static let (binding, connecting): (UInt64, UInt64) = (0x1, 0x2)
    /// Abstract Unix sockets and signals; since version 6.
    private static let scope: UInt64 = 0x3

    /// From here on this thread, and what it starts, opens no file but those below `places`, and these to read; binds
    /// TCP only to `bound`, connects it only to `connected`, and signals nobody else. Files that are open stay so.
    ///
    /// For ever; a second call can only take away. What the kernel does not know yet stays allowed, down to everything:
    /// false when it has no Landlock. Needs `PR_SET_NO_NEW_PRIVS`.
    @discardableResult
    public static func confine(
        reading places: [Directory], binding bound: UInt16, connecting connected: UInt16
    ) throws(Errno) -> Bool {
        let version = version
        guard let rights = files.last(where: { $0.version <= version })?.rights else { return false }
        let network = version >= 4 ? binding | connecting : 0
        let made = try check(davit_landlock_ruleset(rights, network, version >= 6 ? scope : 0))
        let ruleset = FileDescriptor(owning: made)
        for place in places { try check(davit_landlock_allow_path(ruleset.rawValue, place.number, reading)) }
        if network != 0 {
            try check(davit_landlock_allow_port(ruleset.rawValue, UInt64(bound), binding))
            try check(davit_landlock_allow_port(ruleset.rawValue, UInt64(connected), connecting))
        }
        try check(davit_landlock_restrict(ruleset.rawValue))
        return true
    }
}
