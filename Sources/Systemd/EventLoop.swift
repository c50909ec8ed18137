internal import CSystemd
internal import Glibc
internal import Synchronization

/// A serial executor, and task executor, whose thread runs an `sd_event` loop.
///
/// Jobs and events take turns: a turn runs a bounded batch of jobs, then a bounded number of events in proportion to
/// it, so neither can starve the other. The thread sleeps only when both are empty.
@safe public final class EventLoop: SerialExecutor, TaskExecutor {
    /// The loop behind `Loop` and every `EventSource`.
    public static let main = EventLoop()

    /// Of the jobs that wait, how many run before the events are looked at again.
    static let jobsPerTurn = 256
    /// One event more in a turn for this many jobs that ran in it.
    static let jobsPerEvent = 8

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isAsleep = false
        var mustStop = false
    }

    // Touched only on the loop's own thread, and in init, before any other thread can have it.
    nonisolated(unsafe) let event: OpaquePointer
    private let wake: Int32
    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)

    /// Makes a loop that does not run yet. A process that cannot make one (no memory, no descriptor) cannot go on.
    public init() {
        var made: OpaquePointer?
        let result = unsafe sd_event_new(&made)
        guard result >= 0, let made = unsafe made else { preconditionFailure("sd_event_new: errno \(-result)") }
        unsafe event = made
        wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        let added = unsafe sd_event_add_io(event, nil, wake, EPOLLIN.rawValue, onWake, nil)
        precondition(added >= 0, "sd_event_add_io for the wake-up: errno \(-added)")
    }

    deinit {
        unsafe sd_event_unref(event)
        close(wake)
    }

    // MARK: Running

    /// Takes over the calling thread until `stop`. Blocks. May be called again after it returned, from any thread, but
    /// never from two at once.
    ///
    /// Throws when the kernel refuses to wait for events, which no caller can mend.
    public func run() throws(SystemdError) {
        let idle = thread.compareExchange(expected: 0, desired: Self.currentThread, ordering: .acquiringAndReleasing)
        precondition(idle.exchanged, "the event loop already runs")
        defer { thread.store(0, ordering: .releasing) }
        var batch = Batch()
        while !takeStop() {
            let ran = runJobs(&batch)
            try runEvents(atMost: 1 + ran / Self.jobsPerEvent, maySleep: batch.isEmpty)
        }
        putBack(&batch)
    }

    /// Makes `run` return after the turn that is under way. Callable from any thread; a stop before `run` ends that run
    /// at once. Jobs that still wait are kept for the next `run`.
    public func stop() {
        inbox.withLock { $0.mustStop = true }
        eventfd_write(wake, 1)
    }

    /// Lets `sd_event` send systemd the keep-alive message as long as the loop turns. Call on the loop.
    ///
    /// - Returns: false when systemd did not ask for one (`WatchdogSec=`).
    @Loop public func useWatchdog() throws(SystemdError) -> Bool {
        try check("sd_event_set_watchdog", unsafe sd_event_set_watchdog(event, 1)) > 0
    }

    /// Blocks signals in the calling thread and in all threads it starts later. Call first in `main`: a signal source
    /// sees only signals that no thread accepts.
    ///
    /// Not blocked are those that mean a fault, and `SIGABRT`, by which systemd's watchdog ends a process that hangs.
    public static func blockAllSignals() {
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        for fault in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP] {
            unsafe sigdelset(&signals, fault)
        }
        unsafe pthread_sigmask(SIG_SETMASK, &signals, nil)
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustWake = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustWake { eventfd_write(wake, 1) }
    }

    /// Whether the caller is on the thread that runs this loop.
    public var isCurrent: Bool { thread.load(ordering: .acquiring) == Self.currentThread }
    public func checkIsolated() { precondition(isCurrent, "not on the event loop's thread") }
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private static var currentThread: UInt { UInt(pthread_self()) }
}

// MARK: One turn

extension EventLoop {
    /// Jobs taken out of the inbox at once, run from the front.
    private struct Batch {
        var jobs: [UnownedJob] = []
        var next = 0
        var isEmpty: Bool { next == jobs.count }

        mutating func removeAll() {
            jobs.removeAll(keepingCapacity: true)
            next = 0
        }
    }

    private func takeStop() -> Bool {
        inbox.withLock { inbox in
            defer { inbox.mustStop = false }
            return inbox.mustStop
        }
    }

    /// Runs at most `jobsPerTurn` jobs; what they enqueue waits for the next turn.
    private func runJobs(_ batch: inout Batch) -> Int {
        if batch.isEmpty {
            batch.removeAll()
            inbox.withLock { swap(&$0.jobs, &batch.jobs) }
        }
        let first = batch.next
        let end = min(batch.jobs.count, first + Self.jobsPerTurn)
        while batch.next < end {
            let job = batch.jobs[batch.next]
            batch.next += 1
            unsafe job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
        return end - first
    }

    /// Waits for the first event only when there is nothing else to do; the later ones must be there already.
    private func runEvents(atMost limit: Int, maySleep: Bool) throws(SystemdError) {
        for turn in 0..<limit {
            let mayWait = turn == 0 && maySleep
            guard try runEvent(mayWait: mayWait) else { return }
        }
    }

    private func runEvent(mayWait: Bool) throws(SystemdError) -> Bool {
        var isReady = try check("sd_event_prepare", unsafe sd_event_prepare(event)) > 0
        if !isReady {
            let timeout = mayWait && fallAsleep() ? UInt64.max : 0
            isReady = try check("sd_event_wait", unsafe sd_event_wait(event, timeout)) > 0
            inbox.withLock { $0.isAsleep = false }
        }
        guard isReady else { return false }
        try check("sd_event_dispatch", unsafe sd_event_dispatch(event))
        return true
    }

    /// From here on `enqueue` writes to the eventfd; the lock makes sure no job slipped in before.
    private func fallAsleep() -> Bool {
        inbox.withLock { inbox in
            inbox.isAsleep = inbox.jobs.isEmpty && !inbox.mustStop
            return inbox.isAsleep
        }
    }

    private func putBack(_ batch: inout Batch) {
        let rest = batch.jobs[batch.next...]
        inbox.withLock { $0.jobs.insert(contentsOf: rest, at: 0) }
        batch.removeAll()
    }
}

@c private func onWake(_: OpaquePointer?, fd: Int32, _: UInt32, _: UnsafeMutableRawPointer?) -> Int32 {
    var count: eventfd_t = 0
    _ = unsafe eventfd_read(fd, &count)
    return 0
}
