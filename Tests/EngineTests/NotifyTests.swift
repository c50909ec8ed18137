import Linux
import Model
import TestSupport
import Testing

@testable import Engine

struct NotifyMessageTests {
    private func message(_ text: String) -> NotifyMessage { NotifyMessage(Array(text.utf8)) }

    @Test func `one datagram may say several things`() {
        let found = message("READY=1\nSTATUS=Serving\nMAINPID=1\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=1500000\nSTOPPING=1\n")
        #expect(found.isReady && found.isStopping)
        #expect(found.status == "Serving")
        #expect(found.watchdog == .alive)
        #expect(found.moreTime == .milliseconds(1500))
    }

    @Test(arguments: ["", "READY", "READY=0", "READY=1x", "ready=1", "WATCHDOG=2", "X=1\n\n=\n"])
    func `what is not a word of ours says nothing`(_ text: String) {
        #expect(message(text) == message(""))
    }

    @Test func `a status can't steer a terminal, and has its length`() {
        #expect(message("STATUS=a\u{1B}[31mb\u{9B}c\tend").status == "a [31mb c end")
        #expect(message("STATUS=" + String(repeating: "é", count: 1000)).status?.unicodeScalars.count == 256)
        #expect(message("STATUS=a=b").status == "a=b")
    }

    @Test func `nobody gets more than an hour`() {
        #expect(message("EXTEND_TIMEOUT_USEC=99999999999999").moreTime == .seconds(3600))
        #expect(message("EXTEND_TIMEOUT_USEC=-1").moreTime == nil)
    }

    @Test func `the watchdog may be triggered by the program itself`() {
        #expect(message("WATCHDOG=trigger").watchdog == .trigger)
    }
}

struct NotifyTests {
    private func started(_ world: World, watchdog: Double? = nil) async throws -> String {
        var spec = try ContainerSpec.test("teller")
        spec.notify = NotifySpec(watchdog: watchdog)
        let view = try await world.engine.create(spec)
        return try await world.engine.start(view.id.description).id.description
    }

    @Test func `a program is not ready until it says so, and what it says is seen`() async throws {
        try await withWorld { world in
            let id = try await started(world)
            #expect(try await world.engine.get(id).status.ready == false)
            try await world.engine.say("READY=1\nSTATUS=Serving", in: id)
            let status = try await world.engine.get(id).status
            #expect(status.ready == true)
            #expect(status.message == "Serving")
            try await world.engine.say("READY=1", in: id)
            let told = await world.engine.events(of: .containerReady)
            #expect(told == 1, "READY=1 again is no event")
            #expect(try world.names("run/containers/\(id)").contains("words"), "the next agent wants to know")
            try await world.engine.remove(id, force: true)
            try await world.assertNothingRuns()
        }
    }

    @Test func `users of the host have no way to the socket`() async throws {
        try await withWorld { world in
            let id = try await started(world)
            #expect(try Directory(path: world.directory).status("run/containers/\(id)").mode & 0o777 == 0o700)
            try await world.engine.remove(id, force: true)
        }
    }

    @Test func `only the container's own users are heard`() async throws {
        try await withWorld { world in
            let id = try await started(world)
            let path = "\(world.directory)/run/containers/\(id)/notify/notify"
            let sender = try Directory(path: "/usr/bin").open("systemd-notify")
            // Root of the host is not one of them.
            let child = try Process.spawn(
                executable: sender.rawValue, arguments: ["systemd-notify", "--no-block", "--ready"],
                environment: ["NOTIFY_SOCKET=\(path)"], descriptors: []
            ).shared()
            #expect(try child.end() == .exited(0))
            try await world.engine.hearAll(id)
            #expect(try await world.engine.get(id).status.ready == false)
            try await world.engine.remove(id, force: true)
        }
    }

    @Test func `a missed watchdog ends the program by SIGABRT`() async throws {
        try await withWorld { world in
            let id = try await started(world, watchdog: 7)
            #expect(world.script.with { $0.timers.isEmpty }, "it is not awaited before the program is ready")
            try await world.engine.say("READY=1", in: id)
            let first = world.script.with { $0.timers }
            try await world.engine.say("WATCHDOG=1", in: id)
            let second = world.script.with { $0.timers }
            try #require(first.count == 1 && second.count == 1)
            world.line.say(first[0])
            #expect(try await world.engine.get(id).status.phase == .running, "an old deadline counts no more")
            world.line.say(second[0])
            let (_, exit) = try await world.engine.wait(id)
            #expect(exit.signal == 6)
            try await world.engine.remove(id, force: true)
        }
    }
}

extension Engine {
    fileprivate func say(_ text: String, in id: String) throws {
        take(NotifyMessage(Array(text.utf8)), of: try find(id))
    }

    fileprivate func hearAll(_ id: String) throws {
        let container = try find(id)
        hear(container, container.run)
    }

    fileprivate func events(of kind: Event.Kind) async -> Int {
        var (cursor, count) = (oldestCursor(), 0)
        while let event = try? await event(after: cursor, once: true) {
            cursor = event.cursor
            if event.kind == kind { count += 1 }
        }
        return count
    }
}
