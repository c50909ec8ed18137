public import Model

/// The life of a container: a pure value, a total switch over the state for each event, no effects.
///
/// `Engine` feeds it what happens and performs the actions it answers, in their order.
public struct ContainerLife: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case created
        /// What it depends on is being started, or is not so far yet.
        case waiting
        case starting
        case running(pid: Int)
        case paused(pid: Int)
        /// The stop signal was sent; `killed` once the grace time was over or a kill of all was asked for.
        case stopping(pid: Int, killed: Bool)
        /// The next start comes by itself after a rest.
        case restarting(after: End)
        case exited(ExitRecord)
        case failed(AgentError)
        case removing
    }

    /// What a rest comes after.
    public enum End: Sendable, Hashable {
        case exited(ExitRecord)
        case failed(AgentError)
    }

    public enum Input: Sendable, Hashable {
        /// It shall start when what it depends on is so far.
        case awaitOthers(byItself: Bool)
        case start
        /// A start by itself.
        case again
        case launched(pid: Int)
        case launchFailed(AgentError)
        /// `ends`: it is the signal that asks this program to stop.
        case signal(Int32, ends: Bool)
        case stop(signal: Int32, grace: Int, by: Asker)
        /// Stop, then start again whatever the policy says.
        case restart(signal: Int32, grace: Int, by: Asker)
        case pause
        case resume
        case graceOver
        /// It is well: what went wrong before does not count any longer.
        case well
        case exited(ExitRecord)
        case remove(force: Bool)
        /// The agent came up and found it at rest; `boot`: the host came up, too.
        case found(boot: Bool)
    }

    public enum Action: Sendable, Hashable {
        case launch
        case signal(Int32)
        case startGrace(seconds: Int)
        case cancelGrace
        case freeze
        case thaw
        /// SIGKILL to every process of the container's cgroup.
        case killAll
        /// Walk the undo list.
        case release
        /// Feed `again` after so long.
        case startRest(Duration)
        case cancelRest
        case tell(Event.Kind)
        /// Remove the container from the index, its record and its log.
        case forget
    }

    /// Who wants a container to end.
    public enum Asker: Sendable, Hashable {
        case user
        /// The host goes down. It comes back with it.
        case shutdown
        case unhealthy, watchdog
    }

    public internal(set) var state: State
    /// Whether the container goes when it ends, by its own spec or because a forced removal waits for its end.
    public internal(set) var removesItself: Bool
    public internal(set) var tally: Tally
    var policy: RestartPolicy
    var order = Order.none
    /// The present start came by itself.
    var isAutomatic = false

    /// What a container remembers of its restarts, also over the end of the agent and of the host.
    public struct Tally: Sendable, Hashable, Codable {
        /// Somebody started it, nobody stopped it, and its policy has not given up.
        public var wanted = false
        /// Starts by itself since somebody started it.
        public var restarts = 0
        /// How many of its runs in a row failed too soon.
        public var failures = 0

        public init() {}
    }

    /// How the agent was told to end the present run.
    enum Order: Sendable, Hashable {
        case none
        case signal(Int32)
        case stop(Asker, signal: Int32)
        /// Stop and start again.
        case restart(Asker, signal: Int32)
        case kill

        var asker: Asker? {
            switch self {
            case .none, .signal: nil
            case .stop(let asker, _), .restart(let asker, _): asker
            case .kill: .user
            }
        }
    }

    public init(
        state: State = .created, removesItself: Bool, policy: RestartPolicy = RestartPolicy(.no), tally: Tally = Tally()
    ) {
        self.state = state
        self.removesItself = removesItself
        self.policy = policy
        self.tally = tally
    }

    /// Takes one event and answers what has to be done about it.
    ///
    /// Throws `container.wrong_state`, and changes nothing, for a wish that this state can't fulfil. What the kernel or
    /// the monitor reports is never refused: a report that comes too late is dropped.
    public mutating func handle(_ input: Input) throws(AgentError) -> [Action] {
        switch input {
        case .awaitOthers(let byItself): try awaitOthers(byItself)
        case .start: try start()
        case .again: again()
        case .launched(let pid): launched(pid)
        case .launchFailed(let error): launchFailed(error)
        case .signal(let number, let ends): try signal(number, ends)
        case .stop(let number, let grace, let asker): try stop(.stop(asker, signal: number), number, grace, asker)
        case .restart(let number, let grace, let asker): try restart(.restart(asker, signal: number), number, grace)
        case .pause: try pause()
        case .resume: try resume()
        case .graceOver: graceOver()
        case .well: well()
        case .exited(let record): exited(record)
        case .remove(force: true): try removeByForce()
        case .remove(force: false): try remove()
        case .found(let boot): found(boot)
        }
    }

    // MARK: Starts

    private mutating func awaitOthers(_ byItself: Bool) throws(AgentError) -> [Action] {
        switch state {
        case .created, .exited, .failed:
            isAutomatic = byItself
            return enter(.waiting, [])
        case .restarting:
            isAutomatic = byItself
            return enter(.waiting, [.cancelRest])
        case .waiting: throw wrong("it waits for what it depends on", retryable: true)
        case .starting, .running, .paused, .stopping: throw wrong("it runs already")
        case .removing: throw wrong("it is being removed")
        }
    }

    private mutating func start() throws(AgentError) -> [Action] {
        switch state {
        case .created, .exited, .failed, .waiting: return begin([.launch])
        case .restarting: return begin([.cancelRest, .launch])
        case .starting, .running, .paused, .stopping: throw wrong("it runs already")
        case .removing: throw wrong("it is being removed")
        }
    }

    private mutating func again() -> [Action] {
        switch state {
        case .restarting, .waiting:
            isAutomatic = true
            return enter(.starting, [.launch])
        case .created, .starting, .running, .paused, .stopping, .exited, .failed, .removing: return []
        }
    }

    private mutating func launched(_ pid: Int) -> [Action] {
        guard case .starting = state else { return [] }
        return enter(.running(pid: pid), [.tell(.containerStarted)])
    }

    private mutating func launchFailed(_ error: AgentError) -> [Action] {
        switch state {
        case .starting, .waiting: fail(error)
        case .created, .running, .paused, .stopping, .restarting, .exited, .failed, .removing: []
        }
    }

    private mutating func found(_ boot: Bool) -> [Action] {
        switch state {
        case .exited(let record): comeBack(.exited(record), boot: boot)
        case .failed(let error): comeBack(.failed(error), boot: boot)
        case .created, .waiting, .starting, .running, .paused, .stopping, .restarting, .removing: []
        }
    }

    // MARK: Wishes of one that runs

    private mutating func signal(_ number: Int32, _ ends: Bool) throws(AgentError) -> [Action] {
        switch state {
        case .running, .stopping: return signal(number, ends: ends, [])
        // Any other is delivered when it goes on, as the kernel has it.
        case .paused: return signal(number, ends: ends, number == 9 ? [.thaw] : [])
        case .starting: throw wrong("it is being started; try again", retryable: true)
        case .created, .waiting, .restarting, .exited, .failed, .removing: throw wrong("it does not run")
        }
    }

    private mutating func stop(
        _ order: Order, _ signal: Int32, _ grace: Int, _ asker: Asker
    ) throws(AgentError) -> [Action] {
        switch state {
        case .running(let pid): return stop(pid, order, signal, grace, [])
        case .paused(let pid): return stop(pid, order, signal, grace, [.thaw])
        case .stopping(let pid, let killed): return stopMore(pid, killed, order, grace)
        case .restarting(let end):
            giveUp(asker)
            return enter(end.state, [.cancelRest])
        case .waiting:
            giveUp(asker)
            return enter(.failed(Self.stopped), [.tell(.containerFailed)] + leave)
        case .exited, .failed:
            giveUp(asker)
            return []
        case .created: return []
        case .starting: throw wrong("it is being started; try again", retryable: true)
        case .removing: throw wrong("it is being removed")
        }
    }

    private mutating func restart(_ order: Order, _ signal: Int32, _ grace: Int) throws(AgentError) -> [Action] {
        switch state {
        case .running(let pid): return stop(pid, order, signal, grace, [])
        case .paused(let pid): return stop(pid, order, signal, grace, [.thaw])
        case .stopping(let pid, let killed):
            // The agent's own wish does not overrule a stop that is under way.
            return order.asker == .user ? stopMore(pid, killed, order, grace) : []
        case .starting: throw wrong("it is being started; try again", retryable: true)
        case .created, .waiting, .restarting, .exited, .failed, .removing: throw wrong("it does not run")
        }
    }

    private mutating func pause() throws(AgentError) -> [Action] {
        switch state {
        case .running(let pid): return enter(.paused(pid: pid), [.freeze, .tell(.containerPaused)])
        case .paused: throw wrong("it is paused already")
        case .stopping: throw wrong("it is being stopped")
        case .created, .waiting, .starting, .restarting, .exited, .failed, .removing: throw wrong("it does not run")
        }
    }

    private mutating func resume() throws(AgentError) -> [Action] {
        switch state {
        case .paused(let pid): return enter(.running(pid: pid), [.thaw, .tell(.containerResumed)])
        case .running, .stopping: throw wrong("it is not paused")
        case .created, .waiting, .starting, .restarting, .exited, .failed, .removing: throw wrong("it does not run")
        }
    }

    private mutating func well() -> [Action] {
        switch state {
        case .running, .paused: tally.failures = 0
        case .created, .waiting, .starting, .stopping, .restarting, .exited, .failed, .removing: break
        }
        return []
    }

    // MARK: Ends

    private mutating func graceOver() -> [Action] {
        guard case .stopping(let pid, killed: false) = state else { return [] }
        return enter(.stopping(pid: pid, killed: true), [.killAll])
    }

    private mutating func exited(_ record: ExitRecord) -> [Action] {
        switch state {
        case .stopping: end(record, [.cancelGrace])
        case .starting, .running, .paused: end(record, [])
        case .created, .waiting, .restarting, .exited, .failed, .removing: []
        }
    }

    private mutating func removeByForce() throws(AgentError) -> [Action] {
        switch state {
        case .created, .waiting, .exited, .failed: return enter(.removing, [.forget])
        case .restarting: return enter(.removing, [.cancelRest, .forget])
        case .running(let pid): return removeNow(pid, [])
        case .paused(let pid): return removeNow(pid, [.thaw])
        case .stopping(let pid, let killed): return removeNow(pid, killed ? [] : [.cancelGrace])
        case .starting: throw wrong("it is being started; try again", retryable: true)
        case .removing: throw wrong("it is being removed")
        }
    }

    private mutating func remove() throws(AgentError) -> [Action] {
        switch state {
        case .created, .exited, .failed: return enter(.removing, [.forget])
        case .running, .paused, .stopping: throw wrong("it runs: stop it first, or remove it with force")
        case .waiting, .restarting: throw wrong("it is about to start: stop it first, or remove it with force")
        case .starting: throw wrong("it is being started; try again", retryable: true)
        case .removing: throw wrong("it is being removed")
        }
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
        case .waiting: .waiting
        case .starting: .starting
        case .running: .running
        case .paused: .paused
        case .stopping: .stopping
        case .restarting: .restarting
        case .exited: .exited
        case .failed: .failed
        case .removing: .removing
        }
    }

    /// The main process, while there is one.
    public var pid: Int? {
        switch self {
        case .running(let pid), .paused(let pid), .stopping(let pid, _): pid
        case .created, .waiting, .starting, .restarting, .exited, .failed, .removing: nil
        }
    }

    /// Whether its main process has ended, or never came to be, and none comes by itself.
    public var isOver: Bool {
        switch self {
        case .exited, .failed, .removing: true
        case .created, .waiting, .starting, .running, .paused, .stopping, .restarting: false
        }
    }

    /// Whether it has no main process, nor is about to get one.
    public var isAtRest: Bool {
        switch self {
        case .created, .waiting, .restarting, .exited, .failed, .removing: true
        case .starting, .running, .paused, .stopping: false
        }
    }

    /// Whether whoever waits for its end has waited long enough.
    var isEnd: Bool {
        if case .restarting = self { return true }
        return isOver
    }

    var isKilled: Bool {
        if case .stopping(_, killed: true) = self { return true }
        return false
    }
}
