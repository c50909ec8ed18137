/// Parts of /proc and /sys that tell of the host, or act on it.
enum KernelPaths {
    /// Hidden. The user namespace shuts most of them already; this also holds without one.
    ///
    /// `thermal_throttle` of every processor is not among them: one mount a processor would make starts slower the
    /// larger the host, to hide a counter of heat.
    static let masked = [
        // Other tenants' keys, memory, timers and timing.
        "/proc/keys", "/proc/kcore", "/proc/timer_list", "/proc/timer_stats", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/interrupts",
        // The host's hardware.
        "/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
        // Where /sys/class/thermal leads to.
        "/sys/devices/virtual/thermal",
    ]

    /// Settings of the kernel. Root of a container, even one without capabilities, could write some under /proc/sys/net.
    static let readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", settings, "/proc/sysrq-trigger"]

    static let settings = "/proc/sys"
}
