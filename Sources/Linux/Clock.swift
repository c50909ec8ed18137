internal import CLinux

/// The kernel's clocks.
public enum Clock {
    /// Nanoseconds since 1970 (`CLOCK_REALTIME`).
    public static var now: Int64 { davit_clock_ns(false) }

    /// Nanoseconds since some instant; never goes back (`CLOCK_MONOTONIC`).
    public static var monotonic: Int64 { davit_clock_ns(true) }
}
