import Linux

/// The directory where things go to be removed later, and the thread that removes them.
///
/// A move into the trash takes microseconds and is all that a release waits for. The removal waits for a quiet moment:
/// an ext4 without a journal searches long for a free inode when many were freed just before (a start beside it was seen
/// to take three times as long).
final class Trash: Sendable {
    private struct State {
        var waiting: [String]
        var lastNumber: UInt64
        var lastUse = MonotonicTime.now
        /// When the first of `waiting` came; nothing lies longer than `patience` after it.
        var since = MonotonicTime.now
        var stopped = false
        var stuck = 0

        /// When the thread has something to do next; `nil` waits for a wake-up.
        var due: MonotonicTime? {
            if stopped { return .now }
            return waiting.isEmpty ? nil : min(lastUse.advanced(by: quiet), since.advanced(by: patience))
        }
    }

    private static let quiet = Duration.milliseconds(250)
    private static let patience = Duration.seconds(10)

    private let directory: Directory
    private let state: Guarded<State>

    /// Takes over `directory` with all that a former run left in it.
    init(_ directory: Directory) throws {
        self.directory = directory
        let names = try directory.names()
        let numbers = names.compactMap { UInt64($0.prefix { $0 != "." }) }
        state = Guarded(State(waiting: names, lastNumber: numbers.max() ?? 0))
        try Thread.start("storage-trash") { [directory, state] in Self.work(directory, state) }
    }

    deinit { stop() }

    /// Ends the thread after the entry at hand; what is left is taken up at the next start.
    func stop() {
        state.withLock { $0.stopped = true }
        state.wakeAll()
    }

    /// How many entries could not be removed; they are tried again after the agent's next start.
    var stuck: Int { state.withLock { $0.stuck } }

    /// Puts removal off a little, because somebody is waiting for the disk now.
    func disturb() { state.withLock { $0.lastUse = .now } }

    /// Moves `name` of `parent` into the trash; false when there is none. Atomic.
    @discardableResult
    func take(_ name: String, from parent: Directory) throws(Errno) -> Bool {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        do { try parent.rename(name, to: "\(number)", in: directory) } catch  where error == .noSuchFile {
            return false
        }
        state.withLock { state in
            if state.waiting.isEmpty { state.since = .now }
            state.waiting.append("\(number)")
        }
        state.wakeOne()
        return true
    }

    private static func work(_ directory: Directory, _ state: Guarded<State>) {
        // Without the right to it the work is the same, only ruder.
        try? Thread.yieldToOthers()
        while let name = next(state) {
            do { try HostileTree(name, in: directory).remove() } catch { state.withLock { $0.stuck += 1 } }
        }
    }

    /// Blocks until an entry is due; `nil` is the end.
    private static func next(_ state: Guarded<State>) -> String? {
        while true {
            let (stopped, name) = state.withLock { state in
                let isDue = state.due.map { $0 <= .now } ?? false
                return (state.stopped, isDue ? state.waiting.popLast() : nil)
            }
            if stopped { return nil }
            if let name { return name }
            state.sleep { $0.due }
        }
    }
}
