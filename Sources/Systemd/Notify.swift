internal import CSystemd
internal import Glibc

/// What this process tells systemd about itself (`sd_notify`). Without systemd every call does nothing.
public enum Notify {
    /// Start-up is complete, or a reload is.
    public static func ready(status: String = "") { send(["READY=1"] + statusLines(status)) }

    /// One line for `systemctl status`.
    public static func status(_ text: String) { send(statusLines(text)) }

    /// A reload begins; `ready` ends it.
    public static func reloading() {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let usec = UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1_000
        send(["RELOADING=1", "MONOTONIC_USEC=\(usec)"])
    }

    /// The shutdown begins.
    public static func stopping(status: String = "") { send(["STOPPING=1"] + statusLines(status)) }

    /// The shutdown takes longer: so many seconds more from now on, whatever the unit says.
    public static func extendTimeout(seconds: Int) { send(["EXTEND_TIMEOUT_USEC=\(seconds)000000"]) }

    /// Asks systemd to keep a duplicate of `fd` under `name` over a restart. Names are not unique there: remove the
    /// old one first. The descriptor is not polled, so a pidfd stays when its process ends.
    ///
    /// systemd compares each stored descriptor with all others: keep a constant few.
    /// - Returns: false without systemd.
    @discardableResult
    public static func store(_ fd: Int32, name: String) throws(SystemdError) -> Bool {
        let state = "FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0"
        var fd = fd
        let sent = unsafe sd_pid_notify_with_fds(0, 0, state, &fd, 1)
        return try check("sd_pid_notify_with_fds", sent) > 0
    }

    /// Makes systemd forget what it stored under `name`. Idempotent.
    public static func removeStored(name: String) { send(["FDSTOREREMOVE=1", "FDNAME=\(name)"]) }

    private static func statusLines(_ text: String) -> [String] {
        text.isEmpty ? [] : ["STATUS=" + text.split(whereSeparator: \.isNewline).joined(separator: " ")]
    }

    /// A notification that cannot be sent must not stop the work it tells about: systemd's own time-outs notice.
    private static func send(_ lines: [String]) {
        _ = unsafe sd_notify(0, lines.joined(separator: "\n"))
    }
}
