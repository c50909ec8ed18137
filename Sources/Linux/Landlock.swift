internal import CLinux

/// The walls that a process may put around itself (Linux 5.13).
public enum Landlock {
    /// What the kernel knows of it: 0 when it has none, or when it is turned off (`landlock_create_ruleset`).
    public static var version: Int { max(0, Int(davit_landlock_version())) }
}
