public import Model

/// How well a container's program is: a pure value, one total switch over (state, event), no effects.
///
/// `Engine` feeds it what happens and performs the actions it answers, in their order.
public struct Health: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        /// The time of the next probe has not come.
        case resting
        /// It waits for its turn: only so many probes run at once.
        case queued
        case probing
        /// The container is paused, and nobody expects an answer of it.
        case suspended
        case over
    }

    public enum Input: Sendable, Hashable {
        /// The program runs, or was found running by a new agent.
        case begun
        case due
        case turn
        /// What is wrong; `nil` when nothing is.
        case probed(failure: String?)
        case paused, resumed
        case ended
    }

    public enum Action: Sendable, Hashable {
        /// Call again with `due` after about so long.
        case rest(Duration)
        case cancelRest
        case queue
        /// Give the turn, or the place in the queue, to others.
        case leave
        case probe
        case tell(Event.Kind)
        case restart, stop
    }

    public let rules: HealthRules
    public private(set) var state = State.over
    public private(set) var status: HealthStatus.Word
    public private(set) var failures: Int
    /// What the last probe found wrong.
    public private(set) var message: String?

    /// `known`: what an earlier agent found out about the same run.
    public init(rules: HealthRules, known: HealthStatus? = nil) {
        self.rules = rules
        status = known?.status ?? .starting
        failures = known?.failures ?? 0
        message = known?.message
    }

    /// Takes one event, `elapsed` after the start of the program, and answers what has to be done about it.
    public mutating func handle(_ input: Input, at elapsed: Duration) -> [Action] {
        switch (state, input) {
        case (.over, .begun), (.suspended, .resumed):
            return enter(.resting, [.rest(min(rules.interval, HealthRules.shortest))])
        case (.resting, .due):
            return enter(.queued, [.queue])
        case (.queued, .turn):
            return enter(.probing, [.probe])
        case (.probing, .probed(let failure)):
            let found = failure.map { fail($0, at: elapsed) } ?? succeed()
            return enter(.resting, [.leave] + found + [.rest(pause(at: elapsed))])

        case (.resting, .paused):
            return enter(.suspended, [.cancelRest])
        case (.queued, .paused), (.probing, .paused):
            return enter(.suspended, [.leave])
        case (.resting, .ended):
            return enter(.over, [.cancelRest])
        case (.queued, .ended), (.probing, .ended):
            return enter(.over, [.leave])
        case (.suspended, .ended):
            return enter(.over, [])

        // What comes too late, or twice.
        case (_, .begun), (_, .due), (_, .turn), (_, .probed), (_, .paused), (_, .resumed), (.over, .ended):
            return []
        }
    }

    private mutating func succeed() -> [Action] {
        (failures, message) = (0, nil)
        guard status != .healthy else { return [] }
        status = .healthy
        return [.tell(.containerHealthy)]
    }

    private mutating func fail(_ why: String, at elapsed: Duration) -> [Action] {
        message = why
        guard counts(at: elapsed) else { return [] }
        failures += 1
        guard failures >= rules.retries, status != .unhealthy else { return [] }
        status = .unhealthy
        switch rules.action {
        case .none: return [.tell(.containerUnhealthy)]
        case .restart: return [.tell(.containerUnhealthy), .restart]
        case .stop: return [.tell(.containerUnhealthy), .stop]
        }
    }

    /// A starting program is probed more often than it was asked for, so that it is found well soon; it must not be found
    /// ill any sooner for that: the n-th failure counts n intervals after the start period.
    private func counts(at elapsed: Duration) -> Bool {
        status != .starting || elapsed >= rules.startPeriod + rules.interval * Double(failures + 1) * 0.9
    }

    private func pause(at elapsed: Duration) -> Duration {
        status == .starting ? min(rules.interval, max(HealthRules.shortest, elapsed / 2)) : rules.interval
    }

    private mutating func enter(_ next: State, _ actions: [Action]) -> [Action] {
        state = next
        return actions
    }
}

/// When to probe, and what follows: a ``HealthSpec`` with its defaults.
public struct HealthRules: Sendable, Hashable {
    public var interval: Duration
    public var timeout: Duration
    public var startPeriod: Duration
    public var retries: Int
    public var action: HealthSpec.Action

    /// By what each pause is multiplied, so that containers that began together are not probed together for ever.
    static let jitter = 0.9...1.1
    /// The first pause of a starting program.
    static let shortest = Duration.milliseconds(250)

    public init(_ spec: HealthSpec) {
        interval = .seconds(spec.interval ?? 30)
        timeout = .seconds(spec.timeout ?? 30)
        startPeriod = .seconds(spec.startPeriod ?? 0)
        retries = spec.retries ?? 3
        action = spec.action ?? .none
    }
}

/// Who may probe: so many at once over the whole agent, the others in the order in which they came.
struct ProbeQueue: Sendable {
    let limit: Int
    private var probing: Set<ContainerID> = []
    private var waiting: [ContainerID] = []

    init(limit: Int) { self.limit = limit }

    mutating func join(_ id: ContainerID) { waiting.append(id) }

    mutating func leave(_ id: ContainerID) {
        probing.remove(id)
        waiting.removeAll { $0 == id }
    }

    /// The next whose turn it is; it has it until it leaves.
    mutating func next() -> ContainerID? {
        guard probing.count < limit, !waiting.isEmpty else { return nil }
        let id = waiting.removeFirst()
        probing.insert(id)
        return id
    }
}
