import Model
import Testing

@testable import Engine

struct HealthMachineTests {
    /// interval 10 s, three failures, start period 5 s.
    static func rules(_ action: HealthSpec.Action = .none) -> HealthRules {
        var spec = HealthSpec(.tcp)
        (spec.interval, spec.startPeriod, spec.action) = (10, 5, action)
        return HealthRules(spec)
    }

    static let ways: [Health.State: [Health.Input]] = [
        .over: [], .resting: [.begun], .queued: [.begun, .due], .probing: [.begun, .due, .turn],
        .suspended: [.begun, .paused],
    ]

    static func machine(_ state: Health.State, _ rules: HealthRules = rules()) -> Health {
        var health = Health(rules: rules)
        for input in ways[state] ?? [] { _ = health.handle(input, at: .zero) }
        return health
    }

    static let inputs: [Health.Input] = [.begun, .due, .turn, .probed(failure: nil), .paused, .resumed, .ended]

    /// Every cell that does something; in all others nothing happens.
    static let cells: [(Health.State, Health.Input, Health.State, [Health.Action])] = [
        (.over, .begun, .resting, [.rest(.milliseconds(250))]),
        (.suspended, .resumed, .resting, [.rest(.milliseconds(250))]),
        (.resting, .due, .queued, [.queue]),
        (.queued, .turn, .probing, [.probe]),
        (.probing, .probed(failure: nil), .resting, [.leave, .tell(.containerHealthy), .rest(.seconds(10))]),
        (.resting, .paused, .suspended, [.cancelRest]),
        (.queued, .paused, .suspended, [.leave]),
        (.probing, .paused, .suspended, [.leave]),
        (.resting, .ended, .over, [.cancelRest]),
        (.queued, .ended, .over, [.leave]),
        (.probing, .ended, .over, [.leave]),
        (.suspended, .ended, .over, []),
    ]

    @Test func `every event in every state does what the table says, or nothing`() {
        for state in Self.ways.keys {
            for input in Self.inputs {
                var health = Self.machine(state)
                #expect(health.state == state)
                let actions = health.handle(input, at: .zero)
                let cell = Self.cells.first { $0.0 == state && $0.1 == input }
                #expect(health.state == cell?.2 ?? state, "\(state) \(input)")
                #expect(actions == cell?.3 ?? [], "\(state) \(input)")
            }
        }
    }

    /// Probes at these seconds, all of which fail.
    func fail(_ health: inout Health, at seconds: [Double]) -> [Health.Action] {
        seconds.flatMap { second in
            _ = health.handle(.due, at: .seconds(second))
            _ = health.handle(.turn, at: .seconds(second))
            return health.handle(.probed(failure: "no"), at: .seconds(second))
        }
    }

    @Test func `quick probes of a starting program don't make it unhealthy any sooner`() {
        var health = Self.machine(.resting)
        _ = fail(&health, at: [0.25, 0.5, 1, 2, 4, 7])
        #expect(health.failures == 0)
        #expect(health.message == "no")
        // The start period and one interval, two, three.
        #expect(!fail(&health, at: [14, 24]).contains(.tell(.containerUnhealthy)))
        #expect(health.status == .starting)
        #expect(fail(&health, at: [35]).contains(.tell(.containerUnhealthy)))
        #expect(health.status == .unhealthy)
        #expect(health.failures == 3)
    }

    @Test func `a starting program is asked again after half the time that it has been starting`() {
        var health = Self.machine(.resting)
        #expect(fail(&health, at: [0.1]).last == .rest(.milliseconds(250)))
        #expect(fail(&health, at: [4]).last == .rest(.seconds(2)))
        #expect(fail(&health, at: [40]).last == .rest(.seconds(10)))
    }

    @Test func `a success takes all failures back, and is told once`() {
        var health = Self.machine(.probing)
        #expect(health.handle(.probed(failure: nil), at: .zero).contains(.tell(.containerHealthy)))
        _ = fail(&health, at: [1, 2])
        #expect(health.failures == 2)
        #expect(health.status == .healthy)
        _ = health.handle(.due, at: .seconds(3))
        _ = health.handle(.turn, at: .seconds(3))
        #expect(health.handle(.probed(failure: nil), at: .seconds(3)) == [.leave, .rest(.seconds(10))])
        #expect(health.failures == 0)
        #expect(health.message == nil)
    }

    @Test(arguments: [
        (HealthSpec.Action.none, nil), (.restart, Health.Action.restart), (.stop, .stop),
    ])
    func `becoming unhealthy has its consequence once`(_ wish: HealthSpec.Action, _ action: Health.Action?) {
        var health = Health(rules: Self.rules(wish), known: HealthStatus(status: .healthy))
        _ = health.handle(.begun, at: .zero)
        let actions = fail(&health, at: [1, 2, 3, 4, 5])
        #expect(actions.filter { $0 == .tell(.containerUnhealthy) }.count == 1)
        #expect(actions.filter { $0 == .restart || $0 == .stop } == (action.map { [$0] } ?? []))
    }

    @Test func `what an earlier agent knew is not told again`() {
        var health = Health(rules: Self.rules(), known: HealthStatus(status: .unhealthy, failures: 7))
        _ = health.handle(.begun, at: .seconds(100))
        #expect(health.failures == 7)
        #expect(!fail(&health, at: [101]).contains(.tell(.containerUnhealthy)))
        _ = health.handle(.due, at: .seconds(110))
        _ = health.handle(.turn, at: .seconds(110))
        #expect(health.handle(.probed(failure: nil), at: .seconds(110)).contains(.tell(.containerHealthy)))
    }

    @Test func `so many probe at once, the others in their order`() throws {
        var queue = ProbeQueue(limit: 2)
        let ids = (0..<4).map { _ in ContainerID.random() }
        for id in ids { queue.join(id) }
        #expect([queue.next(), queue.next(), queue.next()] == [ids[0], ids[1], nil])
        queue.leave(ids[2])
        #expect(queue.next() == nil, "it only left the queue")
        queue.leave(ids[0])
        #expect([queue.next(), queue.next()] == [ids[3], nil])
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", nil), ("HTTP/1.0 302 Found\r\n", nil), ("HTTP/1.1 204\r\n", nil),
        ("HTTP/1.1 404 Not Found\r\n", "the answer is HTTP status 404"),
        ("HTTP/1.1 500 \n", "the answer is HTTP status 500"), ("SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"),
        ("", "the answer is not HTTP"), ("HTTP/1.1 2000 OK\r\n", "the answer is not HTTP"),
    ])
    func `only the status line of an answer counts`(_ text: String, _ failure: String?) {
        #expect(HTTPStatus(Array(text.utf8)).failure == failure)
    }
}
