import Linux

/// Lets go of namespaces, many at once: the kernel takes as long to end twenty-five as to end a few.
///
/// With the last descriptor of a namespace go its links, and with these their other ends on the host. A link is never
/// deleted by itself: that takes 34 ms (design: kernel-facts.md section 6).
final class Farewell: Sendable {
    private struct State {
        var leaving: [Descriptor] = []
        var isStopped = false
        /// When the first of them came.
        var since = MonotonicTime.now

        var isDue: Bool { isStopped || leaving.count >= most || since.advanced(by: patience) <= .now }
    }

    private static let most = 25
    private static let patience = Duration.milliseconds(50)

    private let state = Guarded(State())

    init() throws {
        try Thread.start("network-ends") { [state] in Self.work(state) }
    }

    deinit { stop() }

    /// Ends the thread, when it has let go of all.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.wakeAll()
    }

    func take(_ namespace: Descriptor) {
        state.withLock { state in
            if state.leaving.isEmpty { state.since = .now }
            state.leaving.append(namespace)
        }
        state.wakeOne()
    }

    private static func work(_ state: Guarded<State>) {
        while let leaving = next(state) {
            // The last reference, and so the descriptor, goes here.
            withExtendedLifetime(leaving) {}
        }
    }

    /// Blocks until some are due; nil is the end.
    private static func next(_ state: Guarded<State>) -> [Descriptor]? {
        while true {
            let (isStopped, due) = state.withLock { state -> (Bool, [Descriptor]) in
                guard !state.leaving.isEmpty, state.isDue else { return (state.isStopped, []) }
                let due = state.leaving
                state.leaving = []
                return (state.isStopped, due)
            }
            if !due.isEmpty { return due }
            if isStopped { return nil }
            state.sleep { state in
                if state.isStopped || state.leaving.count >= most { return .now }
                return state.leaving.isEmpty ? nil : state.since.advanced(by: patience)
            }
        }
    }
}
