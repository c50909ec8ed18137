import Linux

/// Pairs of empty `upper` and `work` directories, made ahead of the containers that will need them.
///
/// Making one on ext4 takes a hundred microseconds and more; taking one that is there is a rename of about thirty.
final class Spares: Sendable {
    private struct State {
        var ready: [String] = []
        var lastNumber = 0
        var stopped = false
    }

    /// Enough for a burst; an idle host keeps this many empty directories.
    private static let most = 32
    private static let refillBelow = 16

    private let directory: Directory
    private let state = Guarded(State())

    /// `directory` must be empty.
    init(_ directory: Directory) throws {
        self.directory = directory
        // Elsewhere than on ext2 to ext4 there is nothing to ask for.
        try? directory.scatterDirectories()
        try Thread.start("storage-spares") { [directory, state] in Self.work(directory, state) }
    }

    deinit { stop() }

    /// Ends the thread.
    func stop() {
        state.withLock { $0.stopped = true }
        state.wakeAll()
    }

    /// Moves a pair to `name` in `target`, made on the spot when none is ready. Throws ``Errno/exists``.
    func take(as name: String, in target: Directory) throws(Errno) {
        let (ready, refill) = state.withLock { ($0.ready.popLast(), $0.ready.count < Self.refillBelow) }
        if refill { state.wakeOne() }
        let spare = if let ready { ready } else { try Self.make(in: directory, state) }
        do {
            try directory.renameExclusively(spare, to: name, in: target)
        } catch {
            state.withLock { $0.ready.append(spare) }
            throw error
        }
    }

    private static func work(_ directory: Directory, _ state: Guarded<State>) {
        while waitForNeed(state) {
            do {
                let spare = try make(in: directory, state)
                state.withLock { $0.ready.append(spare) }
            } catch {
                // A full disk is told to whoever needs a pair now; here it is only tried again later.
                state.sleep { $0.stopped ? .now : MonotonicTime.now.advanced(by: .seconds(5)) }
            }
        }
    }

    /// Blocks until there are too few, then says true until there are enough; false is the end.
    private static func waitForNeed(_ state: Guarded<State>) -> Bool {
        state.wait { state in
            if state.stopped { return false }
            return state.ready.count < most ? true : nil
        }
    }

    private static func make(in directory: Directory, _ state: Guarded<State>) throws(Errno) -> String {
        let name = state.withLock { state in
            state.lastNumber += 1
            return "\(state.lastNumber)"
        }
        try directory.makeDirectory(name, mode: 0o700)
        let spare = try directory.directory(name)
        for part in ["upper", "work"] { try spare.makeDirectory(part, mode: 0o755) }
        // The umask took bits. The upper directory is the container's root directory, which all its users must enter.
        try spare.changeMode("upper", 0o755)
        return name
    }
}
