import Linux

/// Plugs that were made ahead of the containers that will need them.
///
/// Making one takes a millisecond and more, most of it the kernel's lock of all networks; taking one takes none.
final class Spares: Sendable {
    private struct State {
        var ready: [Plug] = []
        var isStopped = false
    }

    private let maker: PlugMaker
    private let state = Guarded(State())

    /// - Parameter count: how many lie ready; 0 makes each when it is needed.
    init(_ maker: PlugMaker, count: Int) throws {
        self.maker = maker
        guard count > 0 else { return }
        try Thread.start("network-spares") { [maker, state] in Self.work(maker, state, count) }
    }

    deinit { stop() }

    /// Ends the thread and drops what lies ready.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.ready = []
        }
        state.wakeAll()
    }

    /// One that lies ready, or one made on the spot. A used one never comes back.
    func take() throws -> Plug {
        let ready = state.withLock { $0.ready.isEmpty ? nil : $0.ready.removeFirst() }
        state.wakeOne()
        return if let ready { ready } else { try maker.make() }
    }

    var count: Int { state.withLock { $0.ready.count } }

    private static func work(_ maker: PlugMaker, _ state: Guarded<State>, _ count: Int) {
        while waitForNeed(state, count) {
            do {
                let plug = try maker.make()
                state.withLock { state in
                    if !state.isStopped { state.ready.append(plug) }
                }
            } catch {
                // Whoever needs one now is told why; here it is only tried again later.
                state.sleep { $0.isStopped ? .now : MonotonicTime.now.advanced(by: .seconds(1)) }
            }
        }
    }

    /// Blocks until there are too few; false is the end.
    private static func waitForNeed(_ state: Guarded<State>, _ count: Int) -> Bool {
        state.wait { state in
            if state.isStopped { return false }
            return state.ready.count < count ? true : nil
        }
    }
}
