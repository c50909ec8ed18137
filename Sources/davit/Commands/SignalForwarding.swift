import ArgumentParser
import DavitClient
import Linux
import Model
import Wire

/// Hands the signals that this process gets to a container's main process, in order.
///
/// They are blocked; one thread takes them, another asks the agent on a connection of its own. So none is lost while the
/// container is being made, and none waits behind the run.
final class SignalForwarding: Sendable {
    private struct State {
        /// Id or name, as soon as it is known.
        var container: String?
        var waiting: [Int32] = []
    }

    private let agent: String
    private let signals: BlockedSignals
    private let state: Guarded<State>

    /// Blocks the signals. They wait until `start`.
    init(agent: String, container: String?) {
        self.agent = agent
        signals = BlockedSignals(SignalForwarding.forwarded)
        state = Guarded(State(container: container))
    }

    var container: String? { state.withLock { $0.container } }

    /// Tells which container it is.
    func learn(_ container: String) {
        state.withLock { $0.container = container }
        state.wakeAll()
    }

    func start() throws {
        try Thread.start("take signals") { [self] in
            while true { take(signals.next()) }
        }
        try Thread.start("send signals") { [self] in
            while true { send(next()) }
        }
    }

    /// SIGHUP, SIGINT, SIGQUIT, SIGTERM.
    private static let forwarded: [Int32] = [1, 2, 3, 15]

    /// A second signal before the agent has named the container ends this program: somebody wants out.
    private func take(_ number: Int32) {
        let isStuck = state.withLock { state in
            state.waiting.append(number)
            return state.container == nil && state.waiting.count > 1
        }
        state.wakeAll()
        guard isStuck else { return }
        Output.complain("davit: the agent has not started the container yet; it is left behind: see davit ps")
        Davit.exit(withError: ExitCode(128 + number))
    }

    private func next() -> (signal: Int32, container: String) {
        state.wait { state in
            guard let container = state.container, !state.waiting.isEmpty else { return nil }
            return (state.waiting.removeFirst(), container)
        }
    }

    /// Asks until the agent has taken it: at first there may be no main process, and the agent may be restarting.
    private func send(_ next: (signal: Int32, container: String)) {
        let request = ContainerKill.Params(container: next.container, signal: String(next.signal))
        while true {
            do {
                _ = try Client.connect(path: agent).call(ContainerKill.self, request)
                return
            } catch let error as AgentError where error.retryable || SignalForwarding.notYet.contains(error.code) {
                Pause.milliseconds(20)
            } catch {
                return Output.complain("davit: signal \(next.signal) was not delivered: \(error)")
            }
        }
    }

    private static let notYet: Set<ErrorCode> = [.containerNotFound, .containerWrongState]
}

/// Sleep, for the few places that must try again.
enum Pause {
    static func milliseconds(_ count: Int64) {
        let end = MonotonicTime.now.advanced(by: .milliseconds(count))
        let never = Guarded(())
        while MonotonicTime.now < end { never.sleep { _ in end } }
    }
}
