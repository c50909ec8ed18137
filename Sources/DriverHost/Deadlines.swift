internal import Linux

/// One thread that ends calls whose time is over. It sleeps through calls that end by themselves.
final class Deadlines: Sendable {
    static let shared = Deadlines()

    private struct Entry {
        var time: MonotonicTime
        var expire: @Sendable () -> Void
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var nextKey: UInt64 = 0
        var hasThread = false
        /// When the thread looks next; the end of time when it waits for a first entry.
        var wakes = MonotonicTime(nanoseconds: .max)
    }

    private let state = Guarded(State())

    /// Calls `expire` once at `time`, on the deadline thread, unless the entry was removed before.
    func add(_ time: MonotonicTime, _ expire: @escaping @Sendable () -> Void) throws(Errno) -> UInt64 {
        let (key, mustStart, mustWake) = state.withLock { state in
            defer {
                state.nextKey += 1
                state.hasThread = true
                state.wakes = min(state.wakes, time)
            }
            state.entries[state.nextKey] = Entry(time: time, expire: expire)
            return (state.nextKey, !state.hasThread, time < state.wakes)
        }
        if mustStart { try start() }
        if mustWake { state.wakeOne() }
        return key
    }

    func remove(_ key: UInt64) {
        state.withLock { _ = $0.entries.removeValue(forKey: key) }
    }

    private func start() throws(Errno) {
        do { try Thread.start("driver-deadline") { [self] in keep() } } catch {
            state.withLock { $0.hasThread = false }
            throw error
        }
    }

    private func keep() {
        while true {
            for entry in takeExpired() { entry.expire() }
            state.sleep { $0.wakes == MonotonicTime(nanoseconds: .max) ? nil : $0.wakes }
        }
    }

    private func takeExpired() -> [Entry] {
        let now = MonotonicTime.now
        return state.withLock { state in
            let expired = state.entries.filter { $0.value.time <= now }
            for key in expired.keys { state.entries[key] = nil }
            state.wakes = state.entries.values.map(\.time).min() ?? MonotonicTime(nanoseconds: .max)
            return Array(expired.values)
        }
    }
}
