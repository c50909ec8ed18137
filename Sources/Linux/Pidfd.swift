internal import CLinux

/// A process held by descriptor: it never comes to mean another process (Linux 5.3).
public struct Pidfd: Sendable {
    public let descriptor: Descriptor

    public init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Throws ``Errno/noSuchProcess`` when there is none (`pidfd_open`).
    public init(pid: Int32) throws(Errno) {
        descriptor = Descriptor(owning: try check(davit_pidfd_open(pid)))
    }

    /// Sends a signal (`pidfd_send_signal`). Throws ``Errno/noSuchProcess`` after the exit was collected.
    public func send(signal: Int32) throws(Errno) { try check(davit_pidfd_signal(descriptor.rawValue, signal)) }

    /// Whether the process still runs; a zombie does not.
    public var isAlive: Bool { davit_poll(descriptor.rawValue, 1, 0) == 0 }

    /// Waits for the exit of any process, at most `milliseconds` (for ever when negative). False: it still runs.
    public func waitExit(milliseconds: Int32) throws(Errno) -> Bool {
        try descriptor.waitReadable(milliseconds: milliseconds)
    }

    /// How a child of this process ended, and collects it; nil while it runs (`waitid(P_PIDFD)`).
    ///
    /// Throws ``Errno/noChild`` when it is not our child. `wait` blocks until the exit.
    public func collect(wait: Bool = false) throws(Errno) -> ExitStatus? {
        var (code, status): (Int32, Int32) = (0, 0)
        guard try check(unsafe davit_wait(descriptor.rawValue, wait, &code, &status)) > 0 else { return nil }
        return code == 1 ? .exited(status) : .signaled(status)
    }
}

/// How a process ended.
public enum ExitStatus: Sendable, Hashable {
    /// It left by itself with this status, 0 to 255.
    case exited(Int32)
    /// A signal ended it.
    case signaled(Int32)
}
