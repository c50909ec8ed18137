public import Linux
public import Model

extension Engine {
    /// One who watches a program's output, and may write what it reads.
    public struct Watcher: Sendable {
        let monitor: any MonitorControl
        let number: Int
        public let view: ContainerView
        /// The other side of the program's terminal, or a pipe; `nil` when it reads nothing that can be written.
        public let input: Descriptor?
    }

    /// Attaches to a running container: its output is copied to the caller's descriptors from now on.
    public func attach(_ target: String, stdio: ContainerStdio) async throws -> (Run, Watcher) {
        let container = try find(target)
        let run = Run(container: container, view: container.view)
        let watcher = try await attach(to: container, output: stdio.outputs)
        if let size = stdio.terminal, container.record.spec.terminal == true {
            watcher.monitor.resize(rows: size.rows, columns: size.columns)
        }
        return (run, watcher)
    }

    /// What the one who started it may write to, beside the output that he has already.
    public func input(of run: Run) async throws -> Watcher {
        try await attach(to: run.container, output: [])
    }

    private func attach(to container: Container, output: [Descriptor]) async throws -> Watcher {
        guard container.life.state.pid != nil, let monitor = container.monitors[container.run] else {
            throw AgentError(.containerWrongState, "the container does not run: start it first")
        }
        guard monitor.hears else { throw Self.deaf }
        let number = newToken()
        let answer = Outcome<Descriptor?>()
        container.attaching[number] = answer
        monitor.attach(number, output: output)
        return Watcher(
            monitor: monitor, number: number, view: container.view, input: try await answer.value())
    }

    /// Ends the copies. Idempotent; fine when the container is gone.
    public func detach(_ watcher: Watcher) { watcher.monitor.detach(watcher.number) }

    /// The starter leaves: nothing is copied to him any more, and the container goes on.
    public func detach(starterOf run: Run) { run.container.monitors[run.container.run]?.detach(0) }

    public func resize(_ target: String, _ size: TerminalSize) throws {
        let container = try find(target)
        guard container.record.spec.terminal == true else { throw Self.noTerminal }
        guard container.life.state.pid != nil, let monitor = container.monitors[container.run] else {
            throw AgentError(.containerWrongState, "the container does not run")
        }
        monitor.resize(rows: size.rows, columns: size.columns)
    }

    private static var deaf: AgentError {
        AgentError(
            .hostUnsupported,
            "nobody can attach to it any more: the agent was restarted, and this host does not let it take up its line"
                + " to the monitor (pidfd_getfd)")
    }

    static var noTerminal: AgentError {
        AgentError(.containerNoTerminal, "the program has no terminal: start it with `terminal`, or -t")
    }

    // MARK: Execs

    /// What the one who started it may write to.
    public func input(of run: ExecRun) async throws -> Descriptor? {
        guard let monitor = run.exec.monitor else { return nil }
        guard monitor.hears else { throw Self.deaf }
        let number = newToken()
        let answer = Outcome<Descriptor?>()
        run.exec.attaching[number] = answer
        monitor.attach(number, output: [])
        return try await answer.value()
    }

    /// The starter leaves: nothing is copied to him any more, and the program goes on.
    public func detach(starterOf run: ExecRun) { run.exec.monitor?.detach(0) }

    public func resize(exec number: String, of target: String, _ size: TerminalSize) throws {
        let exec = try find(exec: number, of: target)
        guard exec.record.terminal else { throw Self.noTerminal }
        exec.monitor?.resize(rows: size.rows, columns: size.columns)
    }
}

extension [Int: Outcome<Descriptor?>] {
    mutating func settle(_ number: Int, _ input: Descriptor?) {
        removeValue(forKey: number)?.settle(.success(input))
    }

    /// Nobody will answer any more.
    mutating func giveUp() {
        let all = values
        self = [:]
        for one in all { one.settle(.failure(AgentError(.containerWrongState, "the program has ended"))) }
    }
}

extension ContainerStdio {
    /// As a monitor takes them: the error output only beside the output.
    fileprivate var outputs: [Descriptor] {
        guard let stdout else { return [stderr].compactMap { $0 } }
        return [stdout, stderr].compactMap { $0 }
    }
}
