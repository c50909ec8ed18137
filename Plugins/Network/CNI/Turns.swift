import Linux
import Model

/// Who may run plugins now: one call a container at a time, and nobody else while a network is cleaned up, as the
/// specification has it.
final class Turns: Sendable {
    private struct State {
        var busy: Set<ContainerID> = []
        var isCleaning = false
        /// Those that want to clean up, before whom nobody new comes.
        var cleaners = 0
    }

    private let state = Guarded(State())

    /// Blocks until the container's turn has come.
    func run<Result>(for container: ContainerID, _ body: () throws -> Result) rethrows -> Result {
        state.wait { state -> Void? in
            guard !state.isCleaning, state.cleaners == 0, !state.busy.contains(container) else { return nil }
            state.busy.insert(container)
            return ()
        }
        defer {
            state.withLock { _ = $0.busy.remove(container) }
            state.wakeAll()
        }
        return try body()
    }

    /// Blocks until no call of any container runs.
    func runAlone<Result>(_ body: () throws -> Result) rethrows -> Result {
        state.withLock { $0.cleaners += 1 }
        state.wait { state -> Void? in
            guard !state.isCleaning, state.busy.isEmpty else { return nil }
            state.isCleaning = true
            return ()
        }
        defer {
            state.withLock { state in
                state.isCleaning = false
                state.cleaners -= 1
            }
            state.wakeAll()
        }
        return try body()
    }
}
