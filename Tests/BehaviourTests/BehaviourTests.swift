import Linux
import TestSupport
import Testing

/// What the command does, run against one agent with real images.
@Suite(.enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"), .oneAgent)
struct BehaviourTests {
    @Test(arguments: try Behaviour.all())
    func `is as the table says`(behaviour: Behaviour) throws {
        let room = try #require(Room.current)
        let said = try room.run(behaviour)
        for fault in behaviour.faults(in: said) {
            Issue.record("\(behaviour.sentence): \(fault)\n\(said.output)\(said.error)")
        }
    }

    @Test func `the tables are read`() throws {
        let rows = try Behaviour.all()
        #expect(rows.count >= 120)
        #expect(rows.allSatisfy { !$0.script.isEmpty && !$0.sentence.isEmpty })
    }
}

/// An agent with the test images.
struct Room: Sendable {
    @TaskLocal static var current: Room?

    private static let images = ["busybox", "debian", "redis", "nginx", "python", "scratch"]
    private let agent: Agent
    private let images: String

    static func open() throws -> Room {
        let found = try Command.run("\"$1\"/Tests/Images/build 2>/dev/null", [Checkout.root])
        let room = Room(
            agent: try Agent(), images: found.output.split(separator: "\n").first.map(String.init) ?? "")
        for image in Self.images {
            let loaded = try room.agent.davit("load", "-i", "\(room.images)/\(image).tar")
            guard loaded.succeeded else {
                try room.close()
                throw Agent.Silence(log: loaded.error)
            }
        }
        return room
    }

    func close() throws { try agent.stop() }

    /// Runs the row's script in a directory of its own, a minute at most, and removes its containers.
    func run(_ behaviour: Behaviour) throws -> Command {
        try Command.run(
            """
            DAVIT_SOCKET=$1/davit.sock PATH=$2/usr/bin:$PATH images=$3
            name=row-$(od -An -N6 -tx1 /dev/urandom | tr -d ' ')
            busybox=busybox:latest debian=debian:12 redis=redis:7 python=python:3 scratch=scratch:latest
            export DAVIT_SOCKET PATH images name busybox debian redis python scratch
            mkdir "$1/$name" && cd "$1/$name"
            status=0
            timeout --kill-after=5 60 sh -c "$4" </dev/null || status=$?
            for container in "$name" "$name-2"; do davit rm --force "$container"; done >/dev/null 2>&1
            exit $status
            """, [agent.directory, Checkout.installed, images, behaviour.script])
    }
}

/// Starts the agent before the suite's first test, and ends it after the last.
struct OneAgent: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let room = try Room.open()
        do {
            try await Room.$current.withValue(room) { try await function() }
        } catch {
            try room.close()
            throw error
        }
        try room.close()
    }
}

extension Trait where Self == OneAgent {
    static var oneAgent: OneAgent { OneAgent() }
}
