import ArgumentParser
import DavitClient
import Linux
import Model
import Wire

/// Hands the signals that this process gets to a program in a container, in order, and our window's size to its terminal.
///
/// They are blocked; one thread takes them, another asks the agent on a connection of its own. So none is lost while the
/// container is being made, and none waits behind the run.
final class SignalForwarding: Sendable {
    /// Whom they are for.
    enum Target: Sendable {
        /// By id or name.
        case container(String)
        case exec(String, of: String)
    }

    private struct State {
        /// As soon as it is known.
        var target: Target?
        var waiting: [Int32] = []
        /// The other side of the program's terminal.
        var terminal: Descriptor?
    }

    private let agent: String
    private let signals: BlockedSignals
    private let state: Guarded<State>

    /// Blocks the signals. They wait until `start`. Without `forwardsAll` only changes of our window are taken.
    init(agent: String, target: Target?, forwardsAll: Bool) {
        self.agent = agent
        signals = BlockedSignals((forwardsAll ? SignalForwarding.forwarded : []) + [SignalForwarding.windowChanged])
        state = Guarded(State(target: target))
    }

    var target: Target? { state.withLock { $0.target } }

    /// Tells who it is.
    func learn(_ target: Target) {
        state.withLock { $0.target = target }
        state.wakeAll()
    }

    /// From here on the terminal has the size of ours.
    func resize(_ terminal: Descriptor) {
        state.withLock { $0.terminal = terminal }
        followWindow()
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
    private static let windowChanged: Int32 = 28

    /// A second signal before the agent has named the container ends this program: somebody wants out.
    private func take(_ number: Int32) {
        guard number != SignalForwarding.windowChanged else { return followWindow() }
        let isStuck = state.withLock { state in
            state.waiting.append(number)
            return state.target == nil && state.waiting.count > 1
        }
        state.wakeAll()
        guard isStuck else { return }
        Output.complain("davit: the agent has not started the container yet; it is left behind: see davit ps")
        Davit.exit(withError: ExitCode(128 + number))
    }

    private func followWindow() {
        guard let terminal = state.withLock({ $0.terminal }), let size = TerminalDevice.size(of: 0) else { return }
        try? TerminalDevice.resize(terminal.rawValue, rows: size.rows, columns: size.columns)
    }

    private func next() -> (signal: Int32, target: Target) {
        state.wait { state in
            guard let target = state.target, !state.waiting.isEmpty else { return nil }
            return (state.waiting.removeFirst(), target)
        }
    }

    /// Asks until the agent has taken it: at first there may be no main process, and the agent may be restarting.
    private func send(_ next: (signal: Int32, target: Target)) {
        while true {
            do {
                return try send(next.signal, to: next.target)
            } catch let error as AgentError where error.retryable || SignalForwarding.notYet.contains(error.code) {
                Pause.milliseconds(20)
            } catch {
                return Output.complain("davit: signal \(next.signal) was not delivered: \(error)")
            }
        }
    }

    private func send(_ signal: Int32, to target: Target) throws {
        let client = try Client.connect(path: agent)
        switch target {
        case .container(let name):
            _ = try client.call(ContainerKill.self, .init(container: name, signal: String(signal)))
        case .exec(let exec, let name):
            _ = try client.call(ExecKill.self, .init(container: name, exec: exec, signal: String(signal)))
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
