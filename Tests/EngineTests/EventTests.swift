import Linux
import Model
import Testing

@testable import Engine

@Suite struct Events {
    @Test func `events come in order, from any cursor on`() async throws {
        try await withWorld { world in
            world.script.with { $0.words = [.exited(ExitRecord(status: 0, signal: nil, oom: false, time: 1)), .gone] }
            _ = try await world.engine.run(.test("a"), stdio: ContainerStdio(), made: { _ in })
            try await world.engine.remove("a", force: false)
            var kinds: [Event.Kind] = []
            var cursor: Int64 = 0
            while let event = try await world.engine.event(after: cursor, once: true) {
                #expect(event.cursor == cursor + 1)
                cursor = event.cursor
                kinds.append(event.kind)
            }
            #expect(kinds == [.containerCreated, .containerExited, .containerRemoved])
        }
    }

    @Test func `between a snapshot and what follows it there is no hole`() async throws {
        try await withWorld { world in
            async let makers: Void = withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask { _ = try await world.engine.create(.test("c\(number)")) }
                }
                try await group.waitForAll()
            }
            var (containers, cursor) = await world.engine.snapshot()
            while containers.count < 20 {
                guard let event = try await world.engine.event(after: cursor, once: false) else { break }
                cursor = event.cursor
                let id = try ContainerID(event.subject)
                #expect(!containers.contains { $0.id == id })
                containers.append(try await world.engine.get(event.subject))
            }
            try await makers
            #expect(Set(containers.map(\.id)) == Set(await world.engine.list().map(\.id)))
        }
    }

    @Test func `a wait for the next event can be cancelled`() async throws {
        try await withWorld { world in
            let waiting = Task { try await world.engine.event(after: 0, once: false) }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
    }

    @Test func `what was forgotten is a gap, and so is a cursor from the future`() throws {
        var log = EventLog()
        let count = Int64(EventLog.capacity) + 10
        for cursor in 1...count {
            log.append(Event(cursor: cursor, time: 0, kind: .imageLoaded, subject: "\(cursor)"))
        }
        #expect(log.oldest == 10)
        #expect(try log.next(after: 10)?.subject == "11")
        #expect(try log.next(after: count - 1)?.cursor == count)
        #expect(try log.next(after: count) == nil)
        for cursor in [-1, 9, count + 1, Int64.max, .min] {
            let error = #expect(throws: AgentError.self) { _ = try log.next(after: cursor) }
            #expect(error?.code == .eventsGap)
        }
    }
}
