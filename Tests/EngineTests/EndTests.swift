import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Ending a container` {
    @Test func `a stop sends the image's stop signal`() async throws {
        try await withWorld { world in
            world.script.with { $0.config.stopSignal = "SIGUSR1" }
            _ = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            let view = try await world.engine.stop("a", grace: 10)
            #expect(view.status.phase == .exited)
            #expect(view.status.exit?.signal == 10)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a program that stays when its grace is over is killed`() async throws {
        try await withWorld { world in
            // A program that never asked for SIGWINCH does not notice it.
            world.script.with { $0.config.stopSignal = "SIGWINCH" }
            _ = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            async let stopped = world.engine.stop("a", grace: 600)
            try await world.settled { world.script.with { !$0.timers.isEmpty } }
            #expect(try await world.engine.get("a").status.phase == .stopping)
            for timer in world.script.with({ $0.timers }) { world.line.say(timer) }
            #expect(try await stopped.status.exit?.signal == 9)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a stop of what does not run is fine, and a kill of it is not`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            #expect(try await world.engine.stop("a", grace: nil).status.phase == .created)
            let error = await #expect(throws: AgentError.self) { try await world.engine.kill("a", signal: .terminate) }
            #expect(error?.code == .containerWrongState)
        }
    }

    @Test func `a monitor that goes without a word ends its container, and nobody waits for ever`() async throws {
        try await withWorld { world in
            let pid = try Pidfd(pid: 1)
            world.script.with { $0.words = [.launched(pid: 1 << 30, process: pid), .gone] }
            let run = try await world.engine.run(.test("a"), stdio: ContainerStdio(), made: { _ in })
            let record = try await world.engine.wait(for: run)
            #expect(record.status == nil && record.signal == nil && record.code == 255)
            #expect(try await world.engine.stop("a", grace: 10).status.phase == .exited)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a wait that is cancelled ends, and the container does not`() async throws {
        try await withWorld { world in
            let run = try await world.engine.run(.test("a"), stdio: ContainerStdio(), made: { _ in })
            let waiting = Task { try await world.engine.wait(for: run) }
            try await Task.sleep(for: .milliseconds(5))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(try await world.engine.get("a").status.phase == .running)
            try await world.engine.remove("a", force: true)
        }
    }

    @Test func `a wait answers at once for what has ended, and refuses what never began`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            let early = await #expect(throws: AgentError.self) { _ = try await world.engine.wait("a") }
            #expect(early?.code == .containerWrongState)
            world.script.with { $0.words = [.exited(ExitRecord(status: 4, signal: nil, oom: true, time: 1)), .gone] }
            _ = try await world.engine.start("a")
            #expect(try await world.engine.wait("a").1.status == 4)
            world.script.fail("launch")
            await #expect(throws: AgentError.self) { _ = try await world.engine.start("a") }
            let failed = await #expect(throws: AgentError.self) { _ = try await world.engine.wait("a") }
            #expect(failed?.code == .driverFailed)
        }
    }

    @Test func `a removal is answered when nothing is left`() async throws {
        try await withWorld { world in
            for name in ["a", "b"] { _ = try await world.engine.create(.test(name)) }
            _ = try await world.engine.start("a")
            await #expect(throws: AgentError.self) { try await world.engine.remove("a", force: false) }
            try await world.engine.remove("a", force: true)
            try await world.engine.remove("b", force: false)
            #expect(try world.names("state/containers").isEmpty)
            #expect(try world.names("run/containers").isEmpty)
            #expect(world.groups.isEmpty)
            #expect(await world.engine.list().isEmpty)
        }
    }

    @Test func `an end that can't be written stays where the next start finds it`() async throws {
        try await withWorld { world in
            let view = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            let home = try Directory(path: "\(world.directory)/state/containers/\(view.id)")
            // A directory in the place of the new file stands for a full disk.
            try home.makeDirectory("container.json.tmp")
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { !world.script.complaints.isEmpty }
            #expect(try world.names("run/containers") == [view.id.description])
            try await world.engine.remove("a", force: false)
            #expect(try world.names("run/containers").isEmpty)
        }
    }

    @Test func `a clean-up that fails in one step goes on with the others`() async throws {
        try await withWorld { world in
            world.script.fail("release")
            let run = try await world.engine.run(.test(remove: true), stdio: ContainerStdio(), made: { _ in })
            try await world.engine.remove(run.view.id.description, force: true)
            #expect(world.script.deeds.suffix(3) == ["release", "detach", "remove"])
            #expect(world.script.complaints.count == 1)
            try await world.assertNothingRuns()
        }
    }
}
