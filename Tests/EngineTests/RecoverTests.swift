import Drivers
import Linux
import Model
import TestSupport
import Testing

@testable import Engine

/// What lies in a run directory when the agent dies, from the first thing that a start makes to the last that a clean-up
/// removes, and what the next agent makes of it.
struct CrashPoint: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// As if the start had never been asked for.
        case created
        /// The start failed, and may be asked for again.
        case failed
        case exited(ExitRecord?)
        case running
    }

    let testDescription: String
    let outcome: Outcome
    var hasRecord = true
    /// Whether somebody, as a monitor does, holds the lock of `launched`.
    var isLocked = false
    var launched: String?
    /// Comes a moment after the new agent began.
    var launchedLater: String?
    var exit: String?

    static let word = #"{"monitor":MONITOR,"pid":PID,"time_ns":7}"#
    static let end = #"{"status":3,"signal":null,"oom":false,"time_ns":9}"#
    static let noEnd = #"{"status":null,"signal":null,"oom":false,"time_ns":9}"#
    private static let ended = ExitRecord(status: 3, signal: nil, oom: false, time: 9)

    static let all = [
        CrashPoint(testDescription: "a directory and no record yet", outcome: .created, hasRecord: false),
        CrashPoint(testDescription: "a record", outcome: .failed),
        CrashPoint(testDescription: "a monitor that died before its first word", outcome: .failed, launched: ""),
        CrashPoint(
            testDescription: "a monitor that dies before its first word", outcome: .failed, isLocked: true,
            launched: "", launchedLater: ""),
        CrashPoint(testDescription: "a launch that failed", outcome: .failed, exit: noEnd),
        CrashPoint(testDescription: "a first word that is cut off", outcome: .failed, launched: #"{"monitor":1"#),
        CrashPoint(
            testDescription: "a monitor that is about to say its first word", outcome: .running, isLocked: true,
            launched: "", launchedLater: word),
        CrashPoint(testDescription: "a monitor at work", outcome: .running, isLocked: true, launched: word),
        CrashPoint(
            testDescription: "a monitor that said its last word and is about to go", outcome: .exited(ended),
            isLocked: true, launched: word, exit: end),
        CrashPoint(
            testDescription: "a monitor that said its last word", outcome: .exited(ended), launched: word, exit: end),
        CrashPoint(
            testDescription: "a last word, and the first is gone", outcome: .exited(ended), exit: end),
        CrashPoint(testDescription: "a monitor that was killed", outcome: .exited(nil), launched: word),
        CrashPoint(
            testDescription: "a last word that is cut off", outcome: .exited(nil), launched: word, exit: #"{"status"#),
        CrashPoint(
            testDescription: "a last word that tells of no end", outcome: .exited(nil), launched: word, exit: noEnd),
        CrashPoint(
            testDescription: "a clean-up that removed the record", outcome: .created, hasRecord: false,
            launched: word, exit: end),
    ]
}

/// A container that an agent was starting when it died, with a process in its group.
private final class Wreck {
    let before: World
    let after: World
    let record: ContainerRecord
    private let process: Pidfd
    private let words: [String: String]
    private var lock: Linux.Lock?

    init(_ point: CrashPoint, remove: Bool) async throws {
        before = try World()
        let view = try await before.engine.create(.test("a", remove: remove))
        record = try await before.engine.record(of: view.id, ids: IDRange(base: 524_288 + 65_536, count: 65_536))
        let group = try before.cgroups.make(view.id, settings: [])
        let sleep = try Directory(path: "/bin").open("sleep").shared()
        let child = try Process.spawn(
            executable: sleep.rawValue, arguments: ["sleep", "1000"], environment: [],
            descriptors: [], cgroup: group.rawValue)
        words = ["MONITOR": "\(Process.pid)", "PID": "\(child.pid)"]
        process = child.shared()
        before.leave()
        let reactor = before.reactor
        let monitors = try MonitorLauncher(program: sleep, hold: before.cgroups.hold, reactor: reactor)
        after = try World(of: before, launcher: monitors)
        try write(point)
    }

    private func write(_ point: CrashPoint) throws {
        let directory = try before.ledger.begin(record).directory
        if !point.hasRecord { try directory.remove("container.json") }
        for (name, text) in [("launched", point.launched), ("exit", point.exit)] {
            if let text { try directory.replaceFile(name, filled(text)) }
        }
        if point.isLocked { lock = try Lock(directory.open("launched", .readWrite)) }
    }

    private func filled(_ text: String) -> [UInt8] {
        var text = text
        for (key, value) in words {
            text = text.split(separator: key, omittingEmptySubsequences: false).joined(separator: value)
        }
        return Array(text.utf8)
    }

    /// Recovers, and meanwhile lets the monitor do what it was about to do.
    func recover(_ point: CrashPoint) async throws {
        let engine = after.engine
        async let recovered: Void = engine.recover()
        if let text = point.launchedLater {
            try await Task.sleep(for: .milliseconds(60))
            let directory = try Directory(path: "\(before.directory)/run/containers/\(record.id)")
            if text.isEmpty { lock = nil } else { try directory.open("launched", .readWrite).write(filled(text)) }
        }
        await recovered
    }

    var isProcessAlive: Bool { process.isAlive }

    func end() throws {
        try after.end()
        try process.end()
    }
}

extension Engine {
    fileprivate func record(of id: ContainerID, ids: IDRange) throws -> ContainerRecord {
        var record = try find(id.description).record
        record.ids = ids
        return record
    }

    fileprivate func takeIDs(_ count: Int) throws -> [UInt32] { try (0..<count).map { _ in try self.ids.take().base } }
}

@Suite struct `Recovering after a crash` {
    private func withWreck(
        _ point: CrashPoint, remove: Bool, _ body: (Wreck) async throws -> Void
    ) async throws {
        let wreck = try await Wreck(point, remove: remove)
        do {
            try await wreck.recover(point)
            try await body(wreck)
        } catch {
            try wreck.end()
            throw error
        }
        try wreck.end()
    }

    @Test(arguments: CrashPoint.all)
    func `a container is as its run directory tells`(point: CrashPoint) async throws {
        try await withWreck(point, remove: false) { wreck in
            let world = wreck.after
            let status = try await world.engine.get("a").status
            switch point.outcome {
            case .running: return try await checkRunning(wreck, status)
            case .created: #expect(status.phase == .created)
            case .failed:
                #expect(status.phase == .failed)
                #expect(status.error?.code == .containerLaunchFailed && status.error?.retryable == true)
            case .exited(let record):
                #expect(status.phase == .exited)
                #expect(status.exit?.code == record?.code ?? 255)
                if let record { #expect(status.exit?.status == record.status && status.exit?.time == record.time) }
                #expect(status.exit?.reason == (record == nil ? .lost : .exited))
            }
            try await world.settled { !wreck.isProcessAlive }
            try await world.assertNothingRuns()
            // What was found is written down: one more crash changes nothing.
            let again = try World(of: world)
            await again.engine.recover()
            #expect(try await again.engine.get("a").status == status)
            again.leave()
        }
    }

    private func checkRunning(_ wreck: Wreck, _ status: ContainerStatus) async throws {
        let world = wreck.after
        #expect(status.phase == .running)
        #expect(status.startedAt == 7)
        #expect(wreck.isProcessAlive)
        #expect(world.script.with { $0.handles.map(\.container) } == [wreck.record.id])
        #expect(world.script.with { $0.valid } == [wreck.record.id])
        #expect(!world.script.deeds.contains("release"))
        #expect(try world.names("run/containers") == [wreck.record.id.description])
        // Its ids are not given to another.
        #expect(try await world.engine.takeIDs(2) == [524_288, 524_288 + 2 * 65_536])
        try await world.engine.kill("a", signal: .kill)
        try await world.settled { !wreck.isProcessAlive }
    }

    @Test(arguments: CrashPoint.all)
    func `of a container that removes itself nothing is left, unless it runs`(point: CrashPoint) async throws {
        try await withWreck(point, remove: true) { wreck in
            let world = wreck.after
            if case .running = point.outcome { return try await checkRunning(wreck, world.engine.get("a").status) }
            #expect(await world.engine.list().isEmpty)
            try await world.settled { !wreck.isProcessAlive }
            try await world.assertNothingRuns()
            #expect(try world.names("state/containers").isEmpty)
        }
    }

    @Test(arguments: CrashPoint.all.filter(\.isBegun))
    func `every step of a start that may have been taken is taken back`(point: CrashPoint) async throws {
        try await withWreck(point, remove: false) { wreck in
            try await wreck.after.assertNothingRuns()
            #expect(wreck.after.script.deeds == ["release", "detach"])
        }
    }

    // MARK: Damaged records

    @Test(arguments: ["", "{", "[]", #"{"id":"x"}"#, "another's"])
    func `a damaged record is put aside and harms no other`(text: String) async throws {
        try await withWorld { world in
            var ids: [ContainerID] = []
            for name in ["a", "b", "c"] { ids.append(try await world.engine.create(.test(name)).id) }
            let containers = "\(world.directory)/state/containers"
            let other = try Directory(path: "\(containers)/\(ids[0])").read("container.json", limit: 1 << 20)
            try Directory(path: "\(containers)/\(ids[1])").replaceFile(
                "container.json", text == "another's" ? other : Array(text.utf8))
            for round in 0..<2 {
                let next = try World(of: world)
                await next.engine.recover()
                #expect(await next.engine.list().map(\.id) == [ids[0], ids[2]])
                #expect(next.script.complaints.count == (round == 0 ? 1 : 0))
                #expect(next.script.complaints.first?.message.contains(ids[1].description) ?? true)
                next.leave()
            }
            let left = [ids[0].description, "\(ids[1]).damaged", ids[2].description].sorted()
            #expect(try world.names("state/containers") == left)
        }
    }

    @Test func `a damaged copy in a run directory costs that run alone`() async throws {
        try await withWorld { world in
            let id = try await world.engine.create(.test("a")).id
            let record = try await world.engine.record(of: id, ids: IDRange(base: 524_288, count: 65_536))
            try world.ledger.begin(record).directory.replaceFile("container.json", [0x7B])
            let next = try World(of: world)
            await next.engine.recover()
            #expect(try await next.engine.get("a").status.phase == .created)
            #expect(try world.names("run/containers") == ["\(id).damaged"])
            next.leave()
        }
    }
}

extension CrashPoint {
    /// Whether the run was found, and is over.
    fileprivate var isBegun: Bool {
        switch outcome {
        case .failed, .exited: true
        case .created, .running: false
        }
    }
}
