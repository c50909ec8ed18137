public import Model

/// The life of a container: a pure value, one total switch over (state, event), no effects.
///
/// `Engine` feeds it what happens and performs the actions it answers, in their order.
public struct ContainerLife: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case created
        case starting
        case running(pid: Int)
        /// The stop signal was sent; `killed` once the grace time was over or a kill of all was asked for.
        case stopping(pid: Int, killed: Bool)
        case exited(ExitRecord)
        case failed(AgentError)
        case removing
    }

    public enum Input: Sendable, Hashable {
        case start
        case launched(pid: Int)
        case launchFailed(AgentError)
        case signal(Int32)
        case stop(signal: Int32, grace: Int)
        case graceOver
        case exited(ExitRecord)
        case remove(force: Bool)
    }

    public enum Action: Sendable, Hashable {
        case launch
        case signal(Int32)
        case startGrace(seconds: Int)
        case cancelGrace
        /// SIGKILL to every process of the container's cgroup.
        case killAll
        /// Walk the undo list.
        case release
        case tell(Event.Kind)
        /// Remove the container from the index, its record and its log.
        case forget
    }

    public private(set) var state: State
    /// Whether the container goes when it ends, by its own spec or because a forced removal waits for its end.
    public private(set) var removesItself: Bool

    public init(state: State = .created, removesItself: Bool) {
        self.state = state
        self.removesItself = removesItself
    }

    /// Takes one event and answers what has to be done about it.
    ///
    /// Throws `container.wrong_state`, and changes nothing, for a wish that this state can't fulfil. What the kernel or
    /// the monitor reports is never refused: a report that comes too late is dropped.
    public mutating func handle(_ input: Input) throws(AgentError) -> [Action] {
        switch (state, input) {
        case (.created, .start), (.exited, .start), (.failed, .start):
            return enter(.starting, [.launch])
        case (.starting, .start), (.running, .start), (.stopping, .start):
            throw wrong("it runs already")

        case (.starting, .launched(let pid)):
            return enter(.running(pid: pid), [.tell(.containerStarted)])
        case (.starting, .launchFailed(let error)):
            return enter(.failed(error), [.tell(.containerFailed), .release] + leave)
        case (_, .launched), (_, .launchFailed):
            return []

        case (.running, .signal(let number)), (.stopping, .signal(let number)):
            return number == 9 ? [.killAll] : [.signal(number)]
        case (.starting, .signal):
            throw wrong("it is being started; try again", retryable: true)
        case (_, .signal):
            throw wrong("it does not run")

        case (.running(let pid), .stop(let signal, let grace)):
            guard grace > 0 else { return enter(.stopping(pid: pid, killed: true), [.killAll]) }
            return enter(.stopping(pid: pid, killed: false), [.signal(signal), .startGrace(seconds: grace)])
        case (.stopping(let pid, false), .stop(_, 0)):
            return enter(.stopping(pid: pid, killed: true), [.cancelGrace, .killAll])
        case (.stopping, .stop), (.exited, .stop), (.created, .stop), (.failed, .stop):
            return []
        case (.starting, .stop):
            throw wrong("it is being started; try again", retryable: true)

        case (.stopping(let pid, false), .graceOver):
            return enter(.stopping(pid: pid, killed: true), [.killAll])
        case (_, .graceOver):
            return []

        case (.stopping, .exited(let record)):
            return enter(.exited(record), [.cancelGrace, .tell(.containerExited), .release] + leave)
        case (.running, .exited(let record)), (.starting, .exited(let record)):
            return enter(.exited(record), [.tell(.containerExited), .release] + leave)
        case (_, .exited):
            return []

        case (.created, .remove), (.exited, .remove), (.failed, .remove):
            return enter(.removing, [.forget])
        case (.running(let pid), .remove(force: true)):
            removesItself = true
            return enter(.stopping(pid: pid, killed: true), [.killAll])
        case (.stopping(let pid, let killed), .remove(force: true)):
            removesItself = true
            return enter(.stopping(pid: pid, killed: true), killed ? [.killAll] : [.cancelGrace, .killAll])
        case (.running, .remove), (.stopping, .remove):
            throw wrong("it runs: stop it first, or remove it with force")
        case (.starting, .remove):
            throw wrong("it is being started; try again", retryable: true)

        case (.removing, .start), (.removing, .stop), (.removing, .remove):
            throw wrong("it is being removed")
        }
    }

    private var leave: [Action] { removesItself ? [.forget] : [] }

    private mutating func enter(_ next: State, _ actions: [Action]) -> [Action] {
        state = next
        return actions
    }

    private func wrong(_ why: String, retryable: Bool = false) -> AgentError {
        AgentError(.containerWrongState, "the container can't do that now: \(why)", retryable: retryable)
    }
}

extension ContainerLife.State {
    /// The word for it at the doors.
    public var phase: ContainerPhase {
        switch self {
        case .created: .created
        case .starting: .starting
        case .running: .running
        case .stopping: .stopping
        case .exited: .exited
        case .failed: .failed
        case .removing: .removing
        }
    }

    /// The main process, while there is one.
    public var pid: Int? {
        switch self {
        case .running(let pid), .stopping(let pid, _): pid
        case .created, .starting, .exited, .failed, .removing: nil
        }
    }

    /// Whether its main process has ended, or never came to be.
    public var isOver: Bool {
        switch self {
        case .exited, .failed, .removing: true
        case .created, .starting, .running, .stopping: false
        }
    }
}
