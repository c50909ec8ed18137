import Linux
import Model
import Testing

@testable import Engine

private func spec(_ name: String, on others: Dependency...) throws -> ContainerSpec {
    var spec = try ContainerSpec.test(name)
    spec.dependsOn = others
    return spec
}

extension Engine {
    fileprivate func tellReady(_ name: String) throws {
        let container = try find(name)
        container.ready = true
        changed(container)
    }

    fileprivate func tellHealth(_ name: String, _ word: HealthStatus.Word) throws {
        let container = try find(name)
        container.health = HealthStatus(status: word)
        changed(container)
    }
}

@Suite struct `Containers that depend on others` {
    @Test func `a start starts what it depends on first`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(spec("db"))
            _ = try await world.engine.create(spec("cache", on: Dependency(container: "db")))
            _ = try await world.engine.create(
                spec("web", on: Dependency(container: "cache"), Dependency(container: "db")))
            _ = try await world.engine.start("web")
            let started = await world.engine.list().sorted { $0.status.startedAt ?? 0 < $1.status.startedAt ?? 0 }
            #expect(started.compactMap { $0.spec.name?.description } == ["db", "cache", "web"])
            #expect(started.allSatisfy { $0.status.phase == .running })
            _ = try await world.engine.stop("db", grace: 0)
            #expect(try await world.engine.get("web").status.phase == .running, "a plain stop stops nothing else")
            _ = try await world.engine.start("db")
            _ = try await world.engine.stop("db", grace: 0, dependents: true)
            #expect(try await world.ends() == ["db", "web", "cache", "db"])
            try await world.assertNothingRuns()
        }
    }

    @Test func `a condition is waited for, and a stop breaks the wait off`() async throws {
        try await withWorld { world in
            var db = try spec("db")
            db.notify = NotifySpec()
            _ = try await world.engine.create(db)
            _ = try await world.engine.create(spec("web", on: Dependency(container: "db", condition: .ready)))
            async let start = world.engine.start("web")
            try await world.settled { world.script.deeds.contains("launch") }
            #expect(try await world.engine.get("web").status.phase == .waiting)
            try await world.engine.tellReady("db")
            #expect(try await start.status.phase == .running)
            _ = try await world.engine.stop("db", grace: 0, dependents: true)

            async let again: ContainerView? = try? world.engine.start("web")
            for _ in 0..<200 where try await world.engine.get("db").status.phase != .running {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await world.engine.stop("web", grace: nil).status.phase == .failed)
            #expect(await again == nil)
        }
    }

    @Test(arguments: [HealthStatus.Word.healthy, .unhealthy])
    func `healthy is waited for, and unhealthy fails`(word: HealthStatus.Word) async throws {
        try await withWorld { world in
            _ = try await world.engine.create(spec("db"))
            _ = try await world.engine.start("db")
            try await world.engine.tellHealth("db", .starting)
            _ = try await world.engine.create(spec("web", on: Dependency(container: "db", condition: .healthy)))
            async let start: Result<ContainerView, AgentError> = world.tryStart("web")
            for _ in 0..<200 where try await world.engine.get("web").status.phase != .waiting {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await world.engine.tellHealth("db", word)
            switch await start {
            case .success(let view): #expect(word == .healthy && view.status.phase == .running)
            case .failure(let error):
                #expect(word == .unhealthy && error.code == .dependencyFailed)
                #expect(error.message.contains("db"))
            }
        }
    }

    @Test func `what can't come true is told at once, naming the dependency`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(spec("db"))
            for (name, dependency) in [
                ("a", Dependency(container: "none")), ("b", Dependency(container: "db", condition: .ready)),
                ("c", Dependency(container: "db", condition: .healthy)),
            ] {
                _ = try await world.engine.create(spec(name, on: dependency))
                let error = await #expect(throws: AgentError.self) { _ = try await world.engine.start(name) }
                #expect(error?.code == .dependencyFailed)
                #expect(error?.message.contains("depends on \(dependency.container)") == true)
                #expect(try await world.engine.get(name).status.phase == .failed)
            }
            world.script.fail("launch")
            _ = try await world.engine.stop("db", grace: 0)
            _ = try await world.engine.create(spec("d", on: Dependency(container: "db")))
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.start("d") }
            #expect(error?.code == .dependencyFailed && error?.cause.isEmpty == false)
        }
    }

    @Test func `the beginning of an id is no name of a dependency`() async throws {
        try await withWorld { world in
            let id = try await world.engine.create(.test("other")).id
            var spec = try ContainerSpec.test("a")
            spec.dependsOn = [Dependency(container: String(id.description.prefix(6)))]
            _ = try await world.engine.create(spec)
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.start("a") }
            #expect(error?.code == .dependencyFailed && error?.message.contains("its whole id") == true)
            #expect(try await world.engine.get("other").status.phase == .created)
        }
    }

    @Test func `a circle is refused`() async throws {
        try await withWorld { world in
            await #expect(throws: AgentError.self) {
                _ = try await world.engine.create(spec("x", on: Dependency(container: "x")))
            }
            _ = try await world.engine.create(spec("x", on: Dependency(container: "y")))
            _ = try await world.engine.create(spec("y", on: Dependency(container: "z")))
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.create(spec("z", on: Dependency(container: "x")))
            }
            #expect(error?.code == .dependencyFailed)
            #expect(error?.message.contains("z, which depends on x, which depends on y, which depends on z") == true)
            #expect(await world.engine.list().count == 2)
        }
    }
}

extension World {
    fileprivate func tryStart(_ name: String) async -> Result<ContainerView, AgentError> {
        do { return .success(try await engine.start(name)) } catch {
            return .failure(AgentError(wrapping: error, "it did not start"))
        }
    }
}
