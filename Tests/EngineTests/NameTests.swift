import Drivers
import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Names and turns` {
    @Test func `a name that is in use is refused, and names its holder`() async throws {
        try await withWorld { world in
            let first = try await world.engine.create(.test("web"))
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.create(.test("web")) }
            #expect(error?.code == .containerNameInUse)
            #expect(error?.message.contains(first.id.description) == true)
            #expect(try world.names("state/containers") == [first.id.description])
        }
    }

    @Test func `of two creates of one name at once one wins`() async throws {
        try await withWorld { world in
            let made = await withTaskGroup(of: ContainerView?.self) { group in
                for _ in 0..<8 { group.addTask { try? await world.engine.create(.test("web")) } }
                return await group.reduce(into: [ContainerView]()) { list, view in
                    if let view { list.append(view) }
                }
            }
            #expect(made.count == 1)
            #expect(await world.engine.list() == made)
            let homes = try world.names("state/containers")
            #expect(homes.count == 1)
        }
    }

    @Test func `a name is free again after a create that could not be written`() async throws {
        try await withWorld { world in
            // Root may write anywhere, but not in a directory that was removed.
            let root = try Directory(path: world.directory)
            try root.directory("state").removeTree("containers")
            await #expect(throws: AgentError.self) { _ = try await world.engine.create(.test("web")) }
            #expect(await world.engine.list().isEmpty)
            let error = await #expect(throws: AgentError.self) { _ = try await world.engine.create(.test("web")) }
            #expect(error?.code != .containerNameInUse)
            _ = try await world.engine.create(.test("web", remove: true))
        }
    }

    @Test func `an image that goes while a container is made from it is missed`() async throws {
        try await withWorld { world in
            world.script.fail("resolve sha256:image")
            await #expect(throws: AgentError.self) { _ = try await world.engine.create(.test("web")) }
            #expect(await world.engine.uses(image: "sha256:image") == nil)
            let homes = try world.names("state/containers")
            #expect(homes.isEmpty)
        }
    }

    @Test func `starts of one container come one after the other, and one wins`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("web"))
            let started = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { (try? await world.engine.start("web")) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(started == 1)
            #expect(world.script.deeds.filter { $0 == "launch" }.count == 1)
            _ = try await world.engine.stop("web", grace: 0)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a start that waits behind one that fails does not start a container that removed itself`() async throws
    {
        try await withWorld { world in
            world.script.fail("launch")
            _ = try await world.engine.create(.test("web", remove: true))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        await #expect(throws: AgentError.self) { _ = try await world.engine.start("web") }
                    }
                }
            }
            #expect(world.script.deeds.filter { $0 == "launch" }.count == 1)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a turn is given in the order in which numbers were drawn`() async {
        let turn = Turn()
        let (first, second) = (turn.draw(), turn.draw())
        await turn.wait(for: first)
        turn.give()
        await turn.wait(for: second)
        turn.give()
        await turn.take()
        turn.give()
    }
}
