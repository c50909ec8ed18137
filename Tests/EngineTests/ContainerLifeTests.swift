import Engine
import Model
import Testing

private typealias Life = ContainerLife

private let record = ExitRecord(status: 3, signal: nil, oom: false, time: 7)
private let failure = AgentError(.containerLaunchFailed, "no")

private let states: [ContainerLife.State] = [
    .created, .waiting, .starting, .running(pid: 5), .paused(pid: 5), .stopping(pid: 5, killed: false),
    .stopping(pid: 5, killed: true), .restarting(after: .exited(record)), .restarting(after: .failed(failure)),
    .exited(record), .failed(failure), .removing,
]

private let inputs: [ContainerLife.Input] = [
    .awaitOthers(byItself: false), .awaitOthers(byItself: true), .start, .again, .launched(pid: 5),
    .launchFailed(failure), .signal(15, ends: true), .signal(1, ends: false), .signal(9, ends: false),
    .stop(signal: 15, grace: 10, by: .user), .stop(signal: 15, grace: 0, by: .user),
    .stop(signal: 15, grace: 10, by: .shutdown), .restart(signal: 15, grace: 10, by: .user),
    .restart(signal: 15, grace: 10, by: .unhealthy), .pause, .resume, .graceOver, .well, .exited(record),
    .remove(force: false), .remove(force: true), .found(boot: false), .found(boot: true),
]

extension ContainerLife.Input {
    /// What happened, and can't be refused.
    fileprivate var isReport: Bool {
        switch self {
        case .again, .launched, .launchFailed, .graceOver, .well, .exited, .found: true
        default: false
        }
    }
}

private func tally(wanted: Bool, failures: Int = 0) -> ContainerLife.Tally {
    var tally = ContainerLife.Tally()
    (tally.wanted, tally.failures) = (wanted, failures)
    return tally
}

private func life(
    _ state: ContainerLife.State, _ policy: RestartPolicy.Name = .no, retries: Int? = nil, wanted: Bool = true
) -> ContainerLife {
    ContainerLife(
        state: state, removesItself: false, policy: RestartPolicy(policy, retries: retries),
        tally: tally(wanted: wanted))
}

private func ended(_ status: Int?, signal: Int? = nil, oom: Bool = false, after seconds: Int64 = 0) -> ExitRecord {
    var record = ExitRecord(status: status, signal: signal, oom: oom, time: seconds * 1_000_000_000 + 1)
    record.startedAt = 1
    return record
}

@Suite struct `The life of a container` {
    @Test(arguments: RestartPolicy.Name.allCases, [false, true])
    func `a refused wish changes nothing, and a report is never refused`(policy: RestartPolicy.Name, removes: Bool) {
        for state in states {
            for input in inputs {
                var life = ContainerLife(
                    state: state, removesItself: removes, policy: RestartPolicy(policy), tally: tally(wanted: true))
                let before = life
                do {
                    _ = try life.handle(input)
                } catch {
                    #expect(life == before, "\(state) \(input)")
                    #expect(error.code == .containerWrongState)
                    #expect(!input.isReport, "\(state) \(input)")
                }
            }
        }
    }

    @Test(arguments: states, RestartPolicy.Name.allCases)
    func `every end of a main process releases exactly once`(
        state: ContainerLife.State, policy: RestartPolicy.Name
    ) throws {
        var life = life(state, policy)
        let first = try life.handle(.exited(record))
        let again = try life.handle(.exited(record))
        #expect(first.contains(.release) == (state.pid != nil || state == .starting))
        #expect(!again.contains(.release))
    }

    @Test(arguments: states, inputs)
    func `whoever has no process holds no grace, and whoever rests starts again or is told why not`(
        state: ContainerLife.State, input: ContainerLife.Input
    ) throws {
        var life = life(state, .always)
        guard let actions = try? life.handle(input) else { return }
        let rests = actions.contains { if case .startRest = $0 { true } else { false } }
        if case .restarting = life.state {
            if case .restarting = state { #expect(actions.isEmpty) } else { #expect(rests) }
        } else {
            #expect(!rests)
            if case .restarting = state, input != .again { #expect(actions.contains(.cancelRest)) }
        }
        if case .paused = state, life.state.pid == nil || life.state.phase == .stopping, life.state.pid != nil {
            #expect(actions.contains(.thaw), "a paused one would hang")
        }
    }

    @Test func `a stop signals, waits the grace time and then kills all`() throws {
        var life = life(.running(pid: 5))
        #expect(try life.handle(.stop(signal: 3, grace: 10, by: .user)) == [.signal(3), .startGrace(seconds: 10)])
        #expect(try life.handle(.graceOver) == [.killAll])
        #expect(try life.handle(.stop(signal: 3, grace: 10, by: .user)) == [.killAll])
        #expect(try life.handle(.exited(record)) == [.cancelGrace, .tell(.containerExited), .release])
        #expect(life.state == .exited(record))
    }

    @Test func `a container that removes itself is forgotten after its end`() throws {
        var life = ContainerLife(removesItself: true)
        #expect(try life.handle(.start) == [.launch])
        #expect(try life.handle(.launched(pid: 9)) == [.tell(.containerStarted)])
        #expect(try life.handle(.exited(record)) == [.tell(.containerExited), .release, .forget])
    }

    @Test func `a forced removal kills and forgets when the end is there`() throws {
        var life = life(.running(pid: 5), .always)
        #expect(try life.handle(.remove(force: true)) == [.killAll])
        #expect(try life.handle(.exited(record)).last == .forget)
    }

    @Test func `what has ended can be started again`() throws {
        for state in [ContainerLife.State.exited(record), .failed(failure), .created] {
            var life = ContainerLife(state: state, removesItself: false)
            #expect(try life.handle(.start) == [.launch])
        }
        var resting = life(.restarting(after: .exited(record)), .always)
        #expect(try resting.handle(.start) == [.cancelRest, .launch])
        #expect(resting.tally == tally(wanted: true))
    }

    @Test func `a paused container goes on to be stopped`() throws {
        var life = life(.running(pid: 5))
        #expect(try life.handle(.pause) == [.freeze, .tell(.containerPaused)])
        #expect(try life.handle(.signal(1, ends: false)) == [.signal(1)])
        var killed = life
        #expect(try killed.handle(.signal(9, ends: false)) == [.thaw, .killAll])
        #expect(
            try life.handle(.stop(signal: 15, grace: 10, by: .user)) == [.signal(15), .thaw, .startGrace(seconds: 10)])
        #expect(throws: AgentError.self) { try life.handle(.resume) }
    }

    // MARK: Restarts

    /// A policy, how the run ended, and whether another follows.
    @Test(
        arguments: [
            (.no, 1, false), (.always, 0, true), (.always, 1, true), (.unlessStopped, 0, true), (.onFailure, 0, false),
            (.onFailure, 1, true),
        ] as [(RestartPolicy.Name, Int, Bool)])
    func `the policy decides at an end`(policy: RestartPolicy.Name, status: Int, again: Bool) throws {
        var life = life(.running(pid: 5), policy)
        let actions = try life.handle(.exited(ended(status)))
        #expect((life.state.phase == .restarting) == again)
        #expect(actions.contains(.startRest(.milliseconds(100))) == again)
        #expect(life.tally.wanted == again)
    }

    @Test func `rests grow to a minute, and a run of ten seconds or good health makes them short again`() throws {
        var life = life(.running(pid: 5), .always)
        var rests: [Duration] = []
        func fail(_ record: ExitRecord) throws {
            for case .startRest(let rest) in try life.handle(.exited(record)) { rests.append(rest) }
            #expect(try life.handle(.again) == [.launch])
            _ = try life.handle(.launched(pid: 5))
        }
        for _ in 0..<12 { try fail(ended(1)) }
        #expect(rests.prefix(4) == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800)])
        #expect(rests.suffix(2) == [.seconds(60), .seconds(60)])
        #expect(life.tally.restarts == 12)
        try fail(ended(1, after: 10))
        #expect(rests.last == .milliseconds(100))
        try fail(ended(1))
        _ = try life.handle(.well)
        try fail(ended(1))
        #expect(rests.last == .milliseconds(100))
    }

    @Test func `on-failure gives up after so many starts in a row`() throws {
        var life = life(.running(pid: 5), .onFailure, retries: 2)
        for _ in 0..<2 {
            #expect(try life.handle(.exited(ended(1))).contains(.release))
            #expect(try life.handle(.again) == [.launch])
            _ = try life.handle(.launched(pid: 5))
        }
        _ = try life.handle(.exited(ended(1)))
        #expect(life.state.phase == .exited && !life.tally.wanted)
    }

    @Test(arguments: [
        ContainerLife.Input.stop(signal: 15, grace: 10, by: .user), .signal(9, ends: false), .signal(15, ends: true),
    ])
    func `what a user ends is not restarted`(wish: ContainerLife.Input) throws {
        var life = life(.running(pid: 5), .always)
        _ = try life.handle(wish)
        _ = try life.handle(.exited(ended(0)))
        #expect(life.state.phase == .exited && !life.tally.wanted)
        #expect(try life.handle(.found(boot: false)) == [])
        #expect(try life.handle(.found(boot: true)) == [.startRest(.zero)], "always means after a boot, too")
    }

    @Test func `what the host's end stops comes back with it, and what a user stopped does not`() throws {
        for wanted in [true, false] {
            var life = life(.running(pid: 5), .unlessStopped, wanted: wanted)
            _ = try life.handle(.stop(signal: 15, grace: 10, by: .shutdown))
            _ = try life.handle(.exited(ended(0)))
            #expect(life.state.phase == .exited)
            #expect(try life.handle(.found(boot: true)) == (wanted ? [.startRest(.zero)] : []))
        }
    }

    @Test func `a stop during a rest ends it`() throws {
        var life = life(.restarting(after: .exited(record)), .always)
        #expect(try life.handle(.stop(signal: 15, grace: 10, by: .user)) == [.cancelRest])
        #expect(life.state == .exited(record) && !life.tally.wanted)
        #expect(try life.handle(.again) == [])
    }

    @Test func `a restart that was asked for starts whatever the policy says`() throws {
        for asker in [ContainerLife.Asker.user, .unhealthy] {
            var life = life(.running(pid: 5), .no)
            _ = try life.handle(.restart(signal: 15, grace: 10, by: asker))
            let rest = asker == .user ? Duration.zero : .milliseconds(100)
            #expect(try life.handle(.exited(ended(0))).last == .startRest(rest))
            #expect(try life.handle(.again) == [.launch])
        }
    }

    @Test func `a start by itself that fails is tried again, one that a user asked for is not`() throws {
        var automatic = life(.restarting(after: .exited(record)), .always)
        _ = try automatic.handle(.again)
        #expect(try automatic.handle(.launchFailed(failure)).last == .startRest(.milliseconds(100)))
        var asked = life(.exited(record), .always)
        _ = try asked.handle(.start)
        #expect(try asked.handle(.launchFailed(failure)) == [.tell(.containerFailed), .release])
        #expect(asked.state == .failed(failure))
    }

    // MARK: Reasons

    struct End: Sendable {
        var wishes: [ContainerLife.Input] = []
        var record: ExitRecord
        var reason: ExitReason
    }

    private static let stop = ContainerLife.Input.stop(signal: 15, grace: 10, by: .user)

    @Test(arguments: [
        End(record: ended(0), reason: .exited), End(record: ended(nil, signal: 11), reason: .signaled),
        End(record: ended(nil, signal: 9), reason: .signaled), End(record: ended(nil), reason: .lost),
        End(record: ended(nil, signal: 9, oom: true), reason: .oom),
        End(record: ended(1, oom: true), reason: .exited),
        End(wishes: [stop], record: ended(0), reason: .stopped),
        End(wishes: [stop], record: ended(nil, signal: 15), reason: .stopped),
        End(wishes: [stop], record: ended(nil, signal: 11), reason: .signaled),
        End(wishes: [stop, .graceOver], record: ended(nil, signal: 9), reason: .killed),
        End(wishes: [.signal(9, ends: false)], record: ended(nil, signal: 9, oom: true), reason: .killed),
        End(wishes: [.signal(15, ends: true)], record: ended(nil, signal: 15), reason: .killed),
        End(wishes: [.signal(1, ends: false)], record: ended(2), reason: .exited),
        End(wishes: [.remove(force: true)], record: ended(nil, signal: 9), reason: .killed),
        End(
            wishes: [.stop(signal: 15, grace: 10, by: .unhealthy)], record: ended(nil, signal: 15), reason: .unhealthy),
        End(
            wishes: [.restart(signal: 15, grace: 10, by: .watchdog)], record: ended(nil, signal: 9), reason: .watchdog),
    ])
    func `the reason of an end is told in one word`(end: End) throws {
        var life = life(.running(pid: 5))
        for wish in end.wishes { _ = try life.handle(wish) }
        #expect(life.reason(of: end.record) == end.reason)
    }
}
