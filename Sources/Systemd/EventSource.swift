internal import CSystemd
internal import Glibc

/// Something the loop waits for. Dropping it, from any thread, detaches it.
@safe @Loop public final class EventSource {
    /// What can be said about a descriptor; the kernel's `EPOLL*` bits.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Data or a connection waits, or the peer closed its side (`EPOLLIN`).
        public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        /// There is room to write (`EPOLLOUT`).
        public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        /// A condition of the file itself, such as a changed `cgroup.events` (`EPOLLPRI`).
        public static let priority = Readiness(rawValue: EPOLLPRI.rawValue)
        /// The peer will write no more (`EPOLLRDHUP`).
        public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
        /// Both directions are closed (`EPOLLHUP`); reported unasked.
        public static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
        /// The descriptor is broken (`EPOLLERR`); reported unasked.
        public static let failed = Readiness(rawValue: EPOLLERR.rawValue)
    }

    /// How a child ended, as `waitid` tells it.
    public struct ChildExit: Equatable, Sendable {
        /// `CLD_EXITED`, `CLD_KILLED` or `CLD_DUMPED`.
        public let code: Int32
        /// The exit status, or the signal's number.
        public let status: Int32
    }

    private let source: OpaquePointer

    /// `add` gives `sd_event` the box as userdata; it is released by `onDestroy` when the source is gone.
    private init(
        _ call: String, _ box: Handler,
        add: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutableRawPointer) -> Int32
    ) throws(SystemdError) {
        let held = unsafe Unmanaged.passRetained(box)
        var made: OpaquePointer?
        let result = unsafe add(&made, held.toOpaque())
        guard result >= 0, let made = unsafe made else {
            unsafe held.release()
            throw SystemdError(call: call, errno: -result)
        }
        unsafe sd_event_source_set_destroy_callback(made, onDestroy)
        unsafe source = made
    }

    isolated deinit { unsafe sd_event_source_disable_unref(source) }
}

// MARK: Making one

extension EventSource {
    /// Calls `handler` each time `fd` is ready, until the source is dropped or disabled. The descriptor stays the
    /// caller's: drop the source before closing it. Fails with `EPERM` for a regular file and `EEXIST` for a second
    /// source on one descriptor.
    public static func io(
        _ fd: Int32, _ events: Readiness, _ handler: @escaping @Loop (Readiness) -> Void
    ) throws(SystemdError) -> EventSource {
        try unsafe EventSource("sd_event_add_io", .io(handler)) {
            unsafe sd_event_add_io(EventLoop.main.event, $0, fd, events.rawValue, onIO, $1)
        }
    }

    /// Calls `handler` once, `usec` from now on the monotonic clock, never early; `restart` makes it fire again.
    public static func timer(
        afterMicroseconds usec: UInt64, _ handler: @escaping @Loop () -> Void
    ) throws(SystemdError) -> EventSource {
        try unsafe EventSource("sd_event_add_time_relative", .plain(handler)) {
            // An accuracy of 1 us: zero would mean the default, a quarter of a second.
            unsafe sd_event_add_time_relative(EventLoop.main.event, $0, CLOCK_MONOTONIC, usec, 1, onTime, $1)
        }
    }

    /// Calls `handler` for every arrival of the signal. The signal must be blocked in all threads
    /// (`EventLoop.blockAllSignals`), else `EBUSY`.
    public static func signal(
        _ number: Int32, _ handler: @escaping @Loop () -> Void
    ) throws(SystemdError) -> EventSource {
        try unsafe EventSource("sd_event_add_signal", .plain(handler)) {
            unsafe sd_event_add_signal(EventLoop.main.event, $0, number, onSignal, $1)
        }
    }

    /// Calls `handler` once when this process's own child has ended, and reaps it after that. The pidfd stays the
    /// caller's. For a process that is not a child use `io`.
    public static func exit(
        ofPidfd pidfd: Int32, _ handler: @escaping @Loop (ChildExit) -> Void
    ) throws(SystemdError) -> EventSource {
        try unsafe EventSource("sd_event_add_child_pidfd", .child(handler)) {
            unsafe sd_event_add_child_pidfd(EventLoop.main.event, $0, pidfd, WEXITED, onChild, $1)
        }
    }
}

// MARK: Changing one

extension EventSource {
    /// Changes what an io source waits for; empty waits for nothing but a hang-up.
    public func setEvents(_ events: Readiness) throws(SystemdError) {
        try check("sd_event_source_set_io_events", unsafe sd_event_source_set_io_events(source, events.rawValue))
    }

    /// Stops (false) or goes on (true) calling the handler. Nothing is lost meanwhile: what is ready stays ready.
    public func setEnabled(_ enabled: Bool) throws(SystemdError) {
        let state = Int32(enabled ? SD_EVENT_ON : SD_EVENT_OFF)
        try check("sd_event_source_set_enabled", unsafe sd_event_source_set_enabled(source, state))
    }

    /// Makes a timer fire once, `usec` from now, whether it has fired before or not.
    public func restart(afterMicroseconds usec: UInt64) throws(SystemdError) {
        try check("sd_event_source_set_time_relative", unsafe sd_event_source_set_time_relative(source, usec))
        try check(
            "sd_event_source_set_enabled", unsafe sd_event_source_set_enabled(source, Int32(SD_EVENT_ONESHOT)))
    }
}

// MARK: Callbacks from C

/// What a source calls; the userdata of its `sd_event_source`.
@Loop private final class Handler {
    enum Kind {
        case io(@Loop (EventSource.Readiness) -> Void)
        case plain(@Loop () -> Void)
        case child(@Loop (EventSource.ChildExit) -> Void)
    }
    let kind: Kind
    init(_ kind: Kind) { self.kind = kind }

    static func io(_ body: @escaping @Loop (EventSource.Readiness) -> Void) -> Handler { Handler(.io(body)) }
    static func plain(_ body: @escaping @Loop () -> Void) -> Handler { Handler(.plain(body)) }
    static func child(_ body: @escaping @Loop (EventSource.ChildExit) -> Void) -> Handler { Handler(.child(body)) }
}

private func fire(_ userdata: UnsafeMutableRawPointer?, _ body: @Loop (Handler.Kind) -> Void) -> Int32 {
    guard let userdata = unsafe userdata else { return -EINVAL }
    let handler = unsafe Unmanaged<Handler>.fromOpaque(userdata).takeUnretainedValue()
    Loop.assumeIsolated { body(handler.kind) }
    return 0
}

@c private func onIO(_: OpaquePointer?, _: Int32, events: UInt32, userdata: UnsafeMutableRawPointer?) -> Int32 {
    unsafe fire(userdata) { kind in
        if case .io(let body) = kind { body(EventSource.Readiness(rawValue: events)) }
    }
}

@c private func onTime(_: OpaquePointer?, _: UInt64, userdata: UnsafeMutableRawPointer?) -> Int32 {
    unsafe fire(userdata) { kind in
        if case .plain(let body) = kind { body() }
    }
}

@c private func onSignal(
    _: OpaquePointer?, _: UnsafePointer<signalfd_siginfo>?, userdata: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe fire(userdata) { kind in
        if case .plain(let body) = kind { body() }
    }
}

@c private func onChild(
    _: OpaquePointer?, info: UnsafePointer<siginfo_t>?, userdata: UnsafeMutableRawPointer?
) -> Int32 {
    guard let info = unsafe info?.pointee else { return -EINVAL }
    let exit = unsafe EventSource.ChildExit(code: info.si_code, status: info._sifields._sigchld.si_status)
    return unsafe fire(userdata) { kind in
        if case .child(let body) = kind { body(exit) }
    }
}

@c private func onDestroy(userdata: UnsafeMutableRawPointer?) {
    guard let userdata = unsafe userdata else { return }
    unsafe Unmanaged<Handler>.fromOpaque(userdata).release()
}
