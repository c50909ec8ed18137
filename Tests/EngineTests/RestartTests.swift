import Linux
import Model
import Testing

@testable import Engine

private func spec(_ name: String, _ policy: RestartPolicy.Name) throws -> ContainerSpec {
    var spec = try ContainerSpec.test(name)
    spec.restart = RestartPolicy(policy)
    return spec
}

extension World {
    fileprivate func status(_ name: String) async throws -> ContainerStatus { try await engine.get(name).status }

    /// Kills the main process, as an end by itself.
    fileprivate func crash(_ name: String) async throws {
        let pid = try #require(try await status(name).pid)
        try Pidfd(pid: Int32(pid)).send(signal: 9)
    }

    fileprivate func until(_ name: String, _ condition: (ContainerStatus) -> Bool) async throws {
        for _ in 0..<1000 {
            if condition(try await status(name)) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("\(name) is \(try await status(name))")
    }
}

@Suite struct `Restarting a container` {
    @Test func `what ends by itself runs again, and what is stopped does not`() async throws {
        try await withWorld { world in
            let run = try await world.engine.run(spec("a", .always), stdio: ContainerStdio(), made: { _ in })
            let first = try #require(run.view.status.pid)
            async let ended = world.engine.wait(for: run)
            try await Task.sleep(for: .milliseconds(5))
            try await world.crash("a")
            #expect(try await ended.signal == 9, "a wait is answered at the first end")
            try await world.until("a") { $0.phase == .running && $0.pid != first }
            #expect(try await world.status("a").restarts == 1)
            #expect(try await world.status("a").exit?.reason == .signaled, "why it was started again")
            _ = try await world.engine.stop("a", grace: 0)
            #expect(try await world.status("a").phase == .exited)
            #expect(try await world.status("a").exit?.reason == .killed)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a stop, a start and a forced removal end a rest`() async throws {
        try await withWorld { world in
            for end in ["stop", "start", "remove"] {
                _ = try await world.engine.run(spec("a", .always), stdio: ContainerStdio(), made: { _ in })
                // The first rests are short: a long one is reached by a tally as of many failures.
                try await world.engine.pretend(failures: 8, of: "a")
                try await world.crash("a")
                try await world.until("a") { $0.phase == .restarting }
                #expect(try await world.engine.wait("a").1.signal == 9)
                switch end {
                case "stop":
                    #expect(try await world.engine.stop("a", grace: nil).status.phase == .exited)
                    _ = try await world.engine.remove("a", force: false)
                case "start":
                    #expect(try await world.engine.start("a").status.restarts == nil)
                    try await world.engine.remove("a", force: true)
                default:
                    await #expect(throws: AgentError.self) { try await world.engine.remove("a", force: false) }
                    try await world.engine.remove("a", force: true)
                }
            }
            try await world.assertNothingRuns()
        }
    }

    @Test func `restart stops and starts, also what removes itself`() async throws {
        try await withWorld { world in
            for remove in [false, true] {
                _ = try await world.engine.run(.test("a", remove: remove), stdio: ContainerStdio(), made: { _ in })
                let pid = try await world.status("a").pid
                let view = try await world.engine.restart("a", grace: 0)
                #expect(view.status.phase == .running && view.status.pid != pid)
                try await world.engine.remove("a", force: true)
            }
            _ = try await world.engine.create(.test("b"))
            #expect(try await world.engine.restart("b", grace: nil).status.phase == .running)
            world.script.fail("launch")
            await #expect(throws: AgentError.self) { try await world.engine.restart("b", grace: 0) }
            #expect(try await world.status("b").phase == .failed)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a policy and a removal at the end exclude each other`() async throws {
        try await withWorld { world in
            var both = try spec("a", .always)
            both.remove = true
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.create(both) }
            #expect(error?.code == .requestInvalid)
        }
    }

    // MARK: Over the end of the agent and of the host

    /// Runs `before` with one agent, and `after` with the next on the same directories.
    private func inTwoLives(
        reboot: Bool, _ before: (World) async throws -> Void, _ after: (World) async throws -> Void
    ) async throws {
        let first = try World()
        await first.engine.recover()
        try await before(first)
        first.leave()
        for id in first.groups { first.cgroups.kill(id) }
        try await first.settled { first.groups.allSatisfy { (try? first.cgroups.remove($0)) != nil } || !reboot }
        if reboot { try Directory(path: first.directory).removeTree("run") }
        let second = try World(of: first)
        await second.engine.recover()
        try await after(second)
        try second.end()
    }

    @Test(
        arguments: [
            (.always, true), (.unlessStopped, true), (.onFailure, true), (.no, false),
        ] as [(RestartPolicy.Name, Bool)])
    func `what ran when the host went down is lost, and comes back as its policy has it`(
        policy: RestartPolicy.Name, back: Bool
    ) async throws {
        try await inTwoLives(reboot: true) { world in
            _ = try await world.engine.create(spec("a", policy))
            _ = try await world.engine.start("a")
            let home = try Directory(path: "\(world.directory)/state/containers/\(try await world.engine.get("a").id)")
            // Without a policy the disk hears of it after a second.
            try await world.settled {
                String(decoding: try home.read("container.json", limit: 1 << 20), as: UTF8.self)
                    .contains("started_at")
            }
        } _: { world in
            if back { return try await world.until("a") { $0.phase == .running && $0.restarts == 1 } }
            let status = try await world.status("a")
            #expect(status.phase == .exited && status.exit?.reason == .lost)
            #expect(status.exit?.message?.contains("host") == true)
        }
    }

    @Test(
        arguments: [
            (.always, true, true), (.always, false, false), (.unlessStopped, true, false),
        ] as [(RestartPolicy.Name, Bool, Bool)])
    func `what a user stopped stays so, but for always after a boot`(
        policy: RestartPolicy.Name, reboot: Bool, back: Bool
    ) async throws {
        try await inTwoLives(reboot: reboot) { world in
            _ = try await world.engine.create(spec("a", policy))
            _ = try await world.engine.start("a")
            _ = try await world.engine.stop("a", grace: 0)
            try await world.assertNothingRuns()
        } _: { world in
            if back { return try await world.until("a") { $0.phase == .running } }
            #expect(try await world.status("a").phase == .exited)
        }
    }

    @Test func `the host's end stops all, dependents first, and they come back`() async throws {
        try await inTwoLives(reboot: true) { world in
            _ = try await world.engine.create(spec("db", .unlessStopped))
            var web = try spec("web", .unlessStopped)
            web.dependsOn = [Dependency(container: "db")]
            _ = try await world.engine.create(web)
            _ = try await world.engine.start("web")
            await world.engine.stopAll()
            let kinds = try await world.ends()
            #expect(kinds == ["web", "db"])
            #expect(try await world.status("db").exit?.reason == .stopped)
        } _: { world in
            for name in ["db", "web"] { try await world.until(name) { $0.phase == .running } }
        }
    }
}

extension World {
    /// The names of those that ended, in order.
    func ends() async throws -> [String] {
        var cursor: Int64 = 0
        var names: [String] = []
        while let event = try await engine.event(after: cursor, once: true) {
            cursor = event.cursor
            if event.kind == .containerExited { names.append(event.name ?? "") }
        }
        return names
    }
}

extension Engine {
    fileprivate func pretend(failures: Int, of name: String) throws { try find(name).life.tally.failures = failures }
}
