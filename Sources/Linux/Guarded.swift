internal import Glibc

/// State under a lock, with threads that wait for it to change.
///
/// For the few places where threads meet outside Swift's concurrency: driver calls block, and own their threads.
@safe public final class Guarded<State>: @unchecked Sendable {
    // Proof for @unchecked: `state` is touched only while `lock` is held; the pointers never change after init.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    public init(_ state: sending State) {
        self.state = state
        unsafe pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(lock)
        unsafe changed.deallocate()
        unsafe lock.deallocate()
    }

    /// Runs `body` with the state. `body` must not take the same lock.
    public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return try body(&state)
    }

    /// Blocks until `body` answers something; asks it again after each wake-up.
    @discardableResult
    public func wait<Result>(_ body: (inout State) -> Result?) -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        while true {
            // An access of its own each time: one that lasted over the wait would let the optimizer keep what it read.
            if let result = body(&state) { return result }
            unsafe pthread_cond_wait(changed, lock)
        }
    }

    /// Blocks until somebody wakes this thread or the monotonic clock reads `deadline`; spurious returns happen.
    public func sleep(until deadline: (State) -> MonotonicTime?) {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        guard let time = deadline(state) else {
            unsafe pthread_cond_wait(changed, lock)
            return
        }
        var limit = timespec(
            tv_sec: Int(time.nanoseconds / 1_000_000_000), tv_nsec: Int(time.nanoseconds % 1_000_000_000))
        unsafe pthread_cond_timedwait(changed, lock, &limit)
    }

    public func wakeOne() { unsafe pthread_cond_signal(changed) }
    public func wakeAll() { unsafe pthread_cond_broadcast(changed) }
}

/// A reading of CLOCK_MONOTONIC.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    public var nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static var now: MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(clamping: Clock.monotonic))
    }

    /// A later time; a negative duration, or one past the end of the clock, gives the nearest there is.
    public func advanced(by duration: Duration) -> MonotonicTime {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let step = overflow ? Int64.max / 2 : whole / 2 + attoseconds / 2_000_000_000
        let later = nanoseconds.addingReportingOverflow(UInt64(max(0, step)) &* 2)
        return MonotonicTime(nanoseconds: later.overflow ? .max : later.partialValue)
    }

    /// How long it is until a later time; zero when that has passed.
    public func distance(to later: MonotonicTime) -> Duration {
        .nanoseconds(later < self ? 0 : Int64(clamping: later.nanoseconds - nanoseconds))
    }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }
}
