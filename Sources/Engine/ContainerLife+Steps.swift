public import Model

extension ContainerLife {
    /// A start that somebody asked for: what was before is forgiven.
    mutating func begin(_ actions: [Action]) -> [Action] {
        isAutomatic = false
        tally = Tally()
        tally.wanted = true
        return enter(.starting, actions)
    }

    mutating func signal(_ number: Int32, ends: Bool, _ actions: [Action]) -> [Action] {
        if ends || number == 9 { tally.wanted = false }
        switch order {
        case _ where number == 9: order = .kill
        case .none, .signal: order = .signal(number)
        case .stop, .restart, .kill: break
        }
        return actions + [number == 9 ? .killAll : .signal(number)]
    }

    mutating func stop(
        _ pid: Int, _ order: Order, _ signal: Int32, _ grace: Int, _ thaw: [Action]
    ) -> [Action] {
        take(order)
        guard grace > 0 else { return enter(.stopping(pid: pid, killed: true), thaw + [.killAll]) }
        // The signal first: a program that was paused must not run on without it.
        return enter(.stopping(pid: pid, killed: false), [.signal(signal)] + thaw + [.startGrace(seconds: grace)])
    }

    /// A stop that is under way becomes sharper, never softer.
    mutating func stopMore(_ pid: Int, _ killed: Bool, _ order: Order, _ grace: Int) -> [Action] {
        take(order)
        if killed { return [.killAll] }
        return grace > 0 ? [] : enter(.stopping(pid: pid, killed: true), [.cancelGrace, .killAll])
    }

    /// A stop by a user is the end of what its policy would do.
    mutating func giveUp(_ asker: Asker) {
        if asker == .user { tally.wanted = false }
    }

    mutating func take(_ order: Order) {
        switch order {
        case .stop(.user, _): tally.wanted = false
        case .restart(.user, _):
            tally = Tally()
            tally.wanted = true
        case .none, .signal, .stop, .restart, .kill: break
        }
        self.order = order
    }

    mutating func removeNow(_ pid: Int, _ actions: [Action]) -> [Action] {
        removesItself = true
        tally.wanted = false
        order = .kill
        return enter(.stopping(pid: pid, killed: true), actions + [.killAll])
    }

    mutating func end(_ record: ExitRecord, _ actions: [Action]) -> [Action] {
        let order = order
        self.order = .none
        if record.ranLongEnough { tally.failures = 0 }
        let told = actions + [.tell(.containerExited)]
        if let rest = rest(after: record, order) {
            return enter(
                .restarting(after: .exited(record)), told + [.tell(.containerRestarting), .release, .startRest(rest)])
        }
        if order.asker != .shutdown { tally.wanted = false }
        return enter(.exited(record), told + [.release] + leave)
    }

    mutating func fail(_ error: AgentError) -> [Action] {
        guard isAutomatic, tally.wanted, policy.wants(code: 255, failures: tally.failures) else {
            tally.wanted = false
            return enter(.failed(error), [.tell(.containerFailed), .release] + leave)
        }
        return enter(.restarting(after: .failed(error)), [.tell(.containerFailed), .release, .startRest(nextRest())])
    }

    mutating func comeBack(_ end: End, boot: Bool) -> [Action] {
        guard policy.name != .no, tally.wanted || boot && policy.name == .always else { return [] }
        tally.wanted = true
        return enter(.restarting(after: end), [.startRest(boot ? .zero : Self.rest(after: tally.failures - 1))])
    }

    // MARK: Policy

    /// How long to rest before the next start; `nil` when there is none.
    mutating func rest(after record: ExitRecord, _ order: Order) -> Duration? {
        switch order {
        case .restart(.user, _): return .zero
        case .restart: return nextRest()
        case .stop(.unhealthy, _), .stop(.watchdog, _):
            return tally.wanted && policy.wants(code: 255, failures: tally.failures) ? nextRest() : nil
        case .stop, .kill: return nil
        case .none, .signal:
            return tally.wanted && policy.wants(code: record.code, failures: tally.failures) ? nextRest() : nil
        }
    }

    mutating func nextRest() -> Duration {
        defer {
            tally.failures += 1
            tally.restarts += 1
        }
        return Self.rest(after: tally.failures)
    }

    /// 100 ms, twice as long after each failure in a row, a minute at most.
    private static func rest(after failures: Int) -> Duration {
        .milliseconds(min(100 << max(0, min(failures, 10)), 60_000))
    }

    static let stopped = AgentError(
        .containerLaunchFailed, "the container was stopped while it waited for what it depends on")

    var leave: [Action] { removesItself ? [.forget] : [] }

    mutating func enter(_ next: State, _ actions: [Action]) -> [Action] {
        state = next
        return actions
    }
}

extension ContainerLife {
    /// In one word, why the present run ended so.
    public func reason(of record: ExitRecord) -> ExitReason {
        if let reason = record.reason { return reason }
        guard record.status != nil || record.signal != nil else { return .lost }
        let isKilled = order == .kill || state.isKilled
        if record.signal == 9, record.oom, !isKilled { return .oom }
        switch order {
        case .stop(.unhealthy, _), .restart(.unhealthy, _): return .unhealthy
        case .stop(.watchdog, _), .restart(.watchdog, _): return .watchdog
        case _ where isKilled && record.signal == 9: return .killed
        case .stop(_, let number), .restart(_, let number):
            if record.signal == nil || record.signal == Int(number) { return .stopped }
        case .signal(let number): if record.signal == Int(number) { return .killed }
        case .none, .kill: break
        }
        return record.signal == nil ? .exited : .signaled
    }
}

extension ExitRecord {
    /// A run of ten seconds makes the failures before it forgotten, as docker and podman have it.
    fileprivate var ranLongEnough: Bool {
        guard let startedAt else { return false }
        return time.subtractingReportingOverflow(startedAt).partialValue >= 10_000_000_000
    }
}

extension RestartPolicy {
    fileprivate func wants(code: Int, failures: Int) -> Bool {
        switch name {
        case .no: false
        case .always, .unlessStopped: true
        case .onFailure: code != 0 && failures < retries ?? .max
        }
    }
}

extension ContainerLife.End {
    /// Where a rest that is broken off leads to.
    var state: ContainerLife.State {
        switch self {
        case .exited(let record): .exited(record)
        case .failed(let error): .failed(error)
        }
    }
}
