import Drivers
import JSON
import LaunchPlan
import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Starting a container` {
    struct Breach: Sendable, CustomTestStringConvertible {
        let deed: String
        let begun: [String]
        var testDescription: String { deed }
    }

    @Test(arguments: [
        Breach(deed: "attach", begun: ["attach", "detach"]),
        Breach(deed: "prepare", begun: ["attach", "prepare", "release", "detach"]),
        Breach(deed: "plan", begun: ["attach", "prepare", "plan", "release", "detach"]),
        Breach(deed: "launch", begun: ["attach", "prepare", "plan", "launch", "release", "detach"]),
    ])
    func `a step that fails takes back what was begun, last first`(breach: Breach) async throws {
        try await withWorld { world in
            world.script.fail(breach.deed)
            _ = try await world.engine.create(.test("a"))
            await #expect(throws: AgentError.self) { _ = try await world.engine.start("a") }
            try await world.settled { world.script.deeds.last == "detach" }
            #expect(world.script.deeds.filter { !$0.hasPrefix("resolve") } == breach.begun)
            #expect(try await world.engine.get("a").status.phase == .failed)
            #expect(try await world.engine.get("a").status.error?.code == .driverFailed)
            try await world.assertNothingRuns()
        }
    }

    @Test(arguments: [
        [MonitorReport.failed(step: 0, errno: .noSuchFile), .gone],
        [.failed(step: 99, errno: .invalid), .gone],
        [.gone],
    ])
    func `a monitor that reports no program leaves nothing`(words: [MonitorReport]) async throws {
        try await withWorld { world in
            world.script.with { $0.words = words }
            await #expect(throws: AgentError.self) {
                _ = try await world.engine.run(.test(), stdio: ContainerStdio(), made: { _ in })
            }
            #expect(await world.engine.list().map(\.status.phase) == [.failed])
            try await world.assertNothingRuns()
        }
    }

    @Test func `a launch that the kernel holds is given up, and nobody waits behind it for ever`() async throws {
        try await withWorld { world in
            world.script.with { $0.words = [] }
            let id = try await world.engine.create(.test("a")).id
            let start = Task { try await world.engine.start("a") }
            try await world.settled { world.script.with { !$0.timers.isEmpty } }
            async let stop = world.engine.stop("a", grace: 0)
            for timer in world.script.with({ $0.timers }) { world.line.say(timer) }
            let error = await #expect(throws: AgentError.self) { _ = try await start.value }
            #expect(error?.code == .containerLaunchFailed && error?.message.contains("30 seconds") == true)
            #expect(try await stop.status.phase == .failed)
            try await world.engine.remove("a", force: false)
            #expect(!world.groups.contains(id))
            try await world.assertNothingRuns()
        }
    }

    @Test func `a container tells its addresses and ports while it runs, and they are on the disk`() async throws {
        try await withWorld { world in
            var spec = try ContainerSpec.on("none")
            spec.ports = [PortMapping(hostPort: 8080, containerPort: 80)]
            _ = try await world.engine.create(spec)
            #expect(try await world.engine.get("a").status.network == nil)
            let network = try #require(try await world.engine.start("a").status.network)
            #expect(network.addresses == ["10.88.0.2/16"])
            #expect(network.ports.map(\.description) == ["0.0.0.0:8080->80/tcp"])
            let run = try #require(world.ledger.load().records.first)
            #expect(run.network == network && run.connections?.map(\.handle) == [["lease": 2]])
            _ = try await world.engine.stop("a", grace: 0)
            #expect(try await world.engine.get("a").status.network == nil)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a limit that the host can't keep is refused and leaves nothing`() async throws {
        try await withWorld { world in
            world.script.with {
                $0.settings = [CgroupSetting(controller: "nonesuch", file: "nonesuch.max", value: "1")]
            }
            _ = try await world.engine.create(.test("a"))
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.start("a") }
            #expect(error?.code == .limitUnavailable)
            try await world.assertNothingRuns()
        }
    }

    @Test func `an exit that comes with the start is told as the end of a start that succeeded`() async throws {
        try await withWorld { world in
            var record = ExitRecord(status: 3, signal: nil, oom: false, time: 1)
            world.script.with { $0.words = [.exited(record), .gone] }
            let run = try await world.engine.run(.test(), stdio: ContainerStdio(), made: { _ in })
            record.reason = .exited
            #expect(try await world.engine.wait(for: run) == record)
            try await world.assertNothingRuns()
        }
    }

    @Test func `run tells the id first, and a container that removes itself leaves nothing`() async throws {
        try await withWorld { world in
            let heard = Guarded<[ContainerID]>([])
            world.script.with { $0.words = [.exited(ExitRecord(status: 0, signal: nil, oom: false, time: 1)), .gone] }
            let run = try await world.engine.run(.test("once", remove: true), stdio: ContainerStdio()) { id in
                #expect(!world.script.deeds.contains("attach"))
                heard.withLock { $0.append(id) }
            }
            #expect(heard.withLock { $0 } == [run.view.id])
            #expect(try await world.engine.wait(for: run).status == 0)
            #expect(await world.engine.list().isEmpty)
            _ = try await world.engine.log(of: run)
            try await world.assertNothingRuns()
            #expect(try world.names("state/containers").isEmpty)
            #expect(world.script.complaints.isEmpty)
        }
    }

    @Test func `what ended can be started again, and the words of its old monitor don't touch the new one`()
        async throws
    {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            for _ in 0..<3 {
                let view = try await world.engine.start("a")
                #expect(view.status.phase == .running)
                _ = try await world.engine.stop("a", grace: 0)
            }
            try await world.engine.remove("a", force: false)
            try await world.assertNothingRuns()
            #expect(world.script.complaints.isEmpty)
        }
    }

    // MARK: Drivers that lie

    static let exec = LaunchStep.exec(path: "sleep", arguments: ["sleep"], environment: [])

    @Test(arguments: [
        [.joinNetwork(3), exec], [.attachRoot(2, at: "/tmp"), exec], [.seccomp(-1), exec],
        [.bind(.descriptor(.max), target: "/x", recursive: false, flags: []), exec],
        [], [exec, exec], [exec, .pivot], [LaunchStep](repeating: .pivot, count: 5000) + [exec],
    ])
    func `a plan that can't be meant is a bad reply, and nothing is spawned`(steps: [LaunchStep]) async throws {
        try await withWorld { world in
            world.script.with { $0.steps = steps }
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
            }
            #expect(error?.code == .driverBadReply)
            #expect(!world.script.deeds.contains("launch"))
            try await world.assertNothingRuns()
        }
    }

    @Test(arguments: [
        IDMap(inside: 0, outside: 0, count: 65536), IDMap(inside: 0, outside: 524_288, count: .max),
        IDMap(inside: 0, outside: 524_289, count: 65536),
    ])
    func `a plan that maps ids of others is a bad reply`(map: IDMap) async throws {
        try await withWorld { world in
            world.script.with { $0.maps = [map] }
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
            }
            #expect(error?.code == .driverBadReply)
        }
    }

    @Test(arguments: ["../memory.max", "cgroup.procs", "memory.max/../../cgroup.procs", ""])
    func `a cgroup file of somebody else is a bad reply`(file: String) async throws {
        try await withWorld { world in
            world.script.with { $0.settings = [CgroupSetting(controller: "memory", file: file, value: "1")] }
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
            }
            #expect(error?.code == .driverBadReply)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a user id beyond all counting does not stop the agent`() async throws {
        try await withWorld { world in
            world.script.with { $0.steps = [.user(uid: .max, gid: .max, groups: []), Self.exec] }
            let run = try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
            _ = try await world.engine.stop(run.view.id.description, grace: 0)
            try await world.assertNothingRuns()
        }
    }

    @Test func `containers run beside each other`() async throws {
        try await withWorld { world in
            let runs = try await withThrowingTaskGroup(of: Engine.Run.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
                    }
                }
                return try await group.reduce(into: [Engine.Run]()) { $0.append($1) }
            }
            #expect(Set(runs.map(\.view.id)).count == 4)
            #expect(world.groups.count == 4)
            // All blocks of ids are taken: the fifth is refused, and the first one's end makes room.
            await #expect(throws: AgentError.self) {
                _ = try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
            }
            for run in runs { try await world.engine.remove(run.view.id.description, force: true) }
            try await world.assertNothingRuns()
        }
    }
}
