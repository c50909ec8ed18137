import Linux

/// A thread for work that nobody waits for and that takes as long for many things as for one: it lets some come together.
final class Gathering<Item: Sendable>: Sendable {
    /// When there is enough to begin.
    struct Pace: Sendable {
        /// How long the first thing waits for more.
        var patience: Duration
        /// With so many there is no waiting.
        var most = Int.max
        /// How long the thread rests, by the time that it worked.
        var rest = 0
    }

    private struct State {
        var items: [Item] = []
        var due = MonotonicTime.now
        var rested = MonotonicTime.now
        var isStopped = false

        /// When to begin; nil while there is nothing.
        func time(_ pace: Pace) -> MonotonicTime? {
            if items.isEmpty { return nil }
            if isStopped { return .now }
            return items.count >= pace.most ? rested : max(due, rested)
        }
    }

    private let pace: Pace
    private let state = Guarded(State())

    /// - Parameter work: Has the last reference to the items.
    init(_ name: String, _ pace: Pace, _ work: @escaping @Sendable ([Item]) -> Void) throws(Errno) {
        self.pace = pace
        try Thread.start(name) { [state] in
            while let items = Self.next(state, pace) {
                let began = MonotonicTime.now
                work(items)
                let rest = began.distance(to: .now) * pace.rest
                state.withLock { $0.rested = .now.advanced(by: rest) }
            }
        }
    }

    deinit { stop() }

    /// Ends the thread, when it is done with all.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.wakeAll()
    }

    func take(_ items: [Item]) {
        let isNews = state.withLock { [pace] state in
            let count = state.items.count
            if count == 0 { state.due = .now.advanced(by: pace.patience) }
            state.items += items
            // The thread knows of the others that it waits for.
            return count == 0 || (count < pace.most && state.items.count >= pace.most)
        }
        if isNews { state.wakeOne() }
    }

    /// Blocks until some are due; nil is the end.
    private static func next(_ state: Guarded<State>, _ pace: Pace) -> [Item]? {
        while true {
            let (isStopped, items) = state.withLock { state -> (Bool, [Item]) in
                guard let time = state.time(pace), time <= .now else { return (state.isStopped, []) }
                let items = state.items
                state.items = []
                return (state.isStopped, items)
            }
            if !items.isEmpty { return items }
            if isStopped { return nil }
            state.sleep { $0.isStopped ? .now : $0.time(pace) }
        }
    }
}
