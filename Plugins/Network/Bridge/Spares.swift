import Linux
import Model

/// Plugs that were made ahead of the containers that will need them.
///
/// Making one takes milliseconds, most of them for the kernel's lock of all networks; taking one takes none. So that a
/// burst of starts does not wait for that lock because of us, a new one is made when none is left or nobody wants any.
final class Spares: Sendable {
    private struct State {
        var ready: [Plug] = []
        var isStopped = false
        /// One is being made, and has its address already.
        var isMaking = false
        var lastUse = MonotonicTime.now

        /// When the next is to be made; nil: there are enough.
        func due(_ count: Int) -> MonotonicTime? {
            if isStopped || ready.isEmpty { return .now }
            return ready.count < count ? lastUse.advanced(by: quiet) : nil
        }
    }

    private static let quiet = Duration.milliseconds(20)

    private let maker: PlugMaker
    private let count: Int
    private let state = Guarded(State())

    /// - Parameter count: how many lie ready; 0 makes each when it is needed.
    init(_ maker: PlugMaker, count: Int) { (self.maker, self.count) = (maker, count) }

    /// From here on they are made, when all that must not be theirs is taken. Once.
    func begin() throws {
        guard count > 0 else { return }
        try Thread.start("network-spares") { [maker, state, count] in Self.work(maker, state, count) }
    }

    deinit { stop() }

    /// Ends the thread and drops what lies ready.
    func stop() {
        let unused = state.withLock { state in
            state.isStopped = true
            defer { state.ready = [] }
            return state.ready
        }
        state.wakeAll()
        for plug in unused { maker.giveBack(plug.numbers) }
    }

    /// One that lies ready, or one made on the spot. A used one never comes back.
    func take() throws -> Plug {
        let ready = state.withLock { state in
            state.lastUse = .now
            return state.ready.isEmpty ? nil : state.ready.removeFirst()
        }
        state.wakeAll()
        if let ready { return ready }
        do { return try maker.make() } catch let error as AgentError where error.code == .networkExhausted {
            guard let last = takeWhenMade() else { throw error }
            return last
        }
    }

    /// The one that is being made just now; nil when none is, or nothing comes of it. Blocks.
    private func takeWhenMade() -> Plug? {
        state.wait { state -> Plug?? in
            if !state.ready.isEmpty { return .some(state.ready.removeFirst()) }
            return state.isMaking ? nil : .some(nil)
        }
    }

    /// Takes one back that nobody has had.
    func putBack(_ plug: Plug) {
        let isWanted = state.withLock { state in
            let isWanted = !state.isStopped && state.ready.count < count
            if isWanted { state.ready.insert(plug, at: 0) }
            return isWanted
        }
        if !isWanted { maker.giveBack(plug.numbers) }
    }

    var ready: Int { state.withLock { $0.ready.count } }

    private static func work(_ maker: PlugMaker, _ state: Guarded<State>, _ count: Int) {
        while waitForNeed(state, count) {
            let plug = try? maker.make()
            let isUnwanted = state.withLock { state in
                state.isMaking = false
                if let plug, !state.isStopped { state.ready.append(plug) }
                return state.isStopped
            }
            state.wakeAll()
            if let plug, isUnwanted { maker.giveBack(plug.numbers) }
            // Whoever needs one now is told why; here it is only tried again later.
            if plug == nil { rest(state) }
        }
    }

    private static func rest(_ state: Guarded<State>) {
        let later = MonotonicTime.now.advanced(by: .milliseconds(500))
        state.sleep { $0.isStopped ? .now : later }
    }

    /// Blocks until one is due; false is the end.
    private static func waitForNeed(_ state: Guarded<State>, _ count: Int) -> Bool {
        while true {
            let (isStopped, isDue) = state.withLock { state in
                let isDue = state.due(count).map { $0 <= .now } ?? false
                state.isMaking = isDue && !state.isStopped
                return (state.isStopped, isDue)
            }
            if isStopped { return false }
            if isDue { return true }
            state.sleep { $0.due(count) }
        }
    }
}
