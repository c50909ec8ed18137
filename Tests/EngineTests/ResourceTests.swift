import Drivers
import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Resources` {
    @Test func `a change of limits is in the record, and told`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            let before = await world.engine.snapshot().cursor
            _ = try await world.engine.update("a", ContainerChange(limits: Limits(pids: 5)))
            let view = try await world.engine.update(
                "a", ContainerChange(limits: Limits(memory: 64 << 20), restart: RestartPolicy(.always)))
            #expect(view.spec.limits == Limits(memory: 64 << 20, pids: 5))
            #expect(view.spec.restart == RestartPolicy(.always))
            #expect(try await world.engine.event(after: before, once: true)?.kind == .containerUpdated)
            let (records, _) = world.ledger.load()
            #expect(records.map(\.spec.limits) == [Limits(memory: 64 << 20, pids: 5)])
            _ = try await world.engine.update("a", ContainerChange(clear: ["pids"]))
            #expect(try await world.engine.get("a").spec.limits == Limits(memory: 64 << 20))
        }
    }

    @Test(arguments: [
        (ContainerChange(limits: Limits(memory: 1)), ErrorCode.requestInvalid),
        (ContainerChange(clear: ["patience"]), .requestInvalid),
    ])
    func `a wrong change is refused and changes nothing`(change: ContainerChange, code: ErrorCode) async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.update("a", change) }
            #expect(error?.code == code)
            #expect(try await world.engine.get("a").spec.limits == Limits())
        }
    }

    @Test func `a limit without its controller is refused and the old ones stay`() async throws {
        try await withWorld { world in
            guard !world.cgroups.controllers.contains("memory") else { return }
            _ = try await world.engine.run(.test("a"), stdio: ContainerStdio(), made: { _ in })
            world.script.with {
                $0.settings = [CgroupSetting(controller: "memory", file: "memory.max", value: "1")]
            }
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.update("a", ContainerChange(limits: Limits(memory: 64 << 20)))
            }
            #expect(error?.code == .limitUnavailable)
            #expect(try await world.engine.get("a").spec.limits == Limits())
            let (records, _) = world.ledger.load()
            #expect(records.map(\.spec.limits) == [Limits()])
        }
    }

    @Test func `statistics and processes are those of the container's group`() async throws {
        try await withWorld { world in
            let run = try await world.engine.run(.test("a"), stdio: ContainerStdio(), made: { _ in })
            let stats = try await world.engine.stats(of: [])
            #expect(stats.map(\.container) == [run.view.id])
            #expect(try #require(stats.first?.cpu).usage > 0)
            let processes = try await world.engine.processes(of: "a")
            #expect(processes.map(\.hostPID) == [try #require(run.view.status.pid)])
            #expect(processes.first?.command.first == "sleep")
            #expect((processes.first?.memory ?? 0) > 0)
            #expect(abs(try #require(processes.first).startedAt - Clock.now) < 60_000_000_000)
            _ = try await world.engine.stop("a", grace: 0)
            await #expect(throws: AgentError.self) { _ = try await world.engine.stats(of: ["a"]) }
            await #expect(throws: AgentError.self) { _ = try await world.engine.processes(of: "a") }
            #expect(try await world.engine.stats(of: []).isEmpty)
        }
    }
}
