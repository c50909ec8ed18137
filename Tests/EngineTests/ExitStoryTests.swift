import Linux
import Model
import Testing

@testable import Engine

/// A directory that looks like a cgroup; the real thing needs controllers, which `make test-vm` has.
private func withGroup(_ files: [String: String], _ body: (Cgroup, Directory) throws -> Void) throws {
    let name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
    let temporary = try Directory(path: "/tmp")
    let directory = try temporary.makeDirectories(name)
    defer { try? temporary.removeTree(name) }
    for (path, text) in files {
        let parts = path.split(separator: "/").map(String.init)
        let place = parts.count > 1 ? try directory.makeDirectories(parts[0]) : directory
        try place.replaceFile(parts[parts.count - 1], Array(text.utf8))
    }
    try body(Cgroup(directory.descriptor), directory)
}

private func story(_ group: Cgroup, _ controllers: Set<String> = ["memory", "pids"]) -> ExitRecord {
    var record = ExitRecord(status: nil, signal: 9, oom: false, time: 9)
    ExitStory(controllers: controllers, group: group, log: nil).complete(&record)
    return record
}

@Suite struct `The story of an end` {
    @Test func `an end for want of memory is told with its group, limit and peak`() throws {
        let files = [
            "memory.events": "low 0\nhigh 2\nmax 17\noom 1\noom_kill 3\noom_group_kill 0\n",
            "memory.max": "67108864\n", "memory.peak": "67104768\n", "memory.swap.events": "high 0\nmax 4\nfail 4\n",
            "main/memory.events": "oom_kill 1\n", "exec-2/memory.events": "oom_kill 2\n",
            "pids.max": "max\n", "pids.events": "max 0\n",
        ]
        try withGroup(files) { group, _ in
            let record = story(group)
            #expect(record.oom)
            #expect(
                record.memory == MemoryEnd(cgroup: "exec-2", limit: 67_108_864, peak: 67_104_768, kills: 3))
            #expect(record.limits == ["memory.max", "memory.high", "memory.swap.max"])
            #expect(story(group, []).memory == nil, "what is not there is not asked for")
        }
    }

    /// As kernel 6.1 printed it, with a kill in another container after it.
    private static let kernelLog = """
        <4>[   48.979211] dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
        <6>[   48.987338] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=exec-1,mems_allowed=0,\
        oom_memcg=/davit.slice/davit-pods.scope/14578f015197606b,\
        task_memcg=/davit.slice/davit-pods.scope/14578f015197606b/exec-1,task=d,pid=,d,pid=276,uid=524288
        <6>[   52.169552] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=1017651c8b4e42d1,mems_allowed=0,\
        oom_memcg=/davit.slice/davit-pods.scope/1017651c8b4e42d1,\
        task_memcg=/davit.slice/davit-pods.scope/1017651c8b4e42d1,task=sh,pid=290,uid=524288
        <6>[   52.2] oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/davit.slice/14578f015197606b
        """

    @Test(arguments: [
        ("14578f015197606b", MemoryKill(cgroup: "exec-1", victim: "d,pid=,d")),
        ("1017651c8b4e42d1", MemoryKill(cgroup: "", victim: "sh")),
        ("ffffffffffffffff", nil),
    ])
    func `the kernel's log tells whom it killed, and where`(group: String, kill: MemoryKill?) {
        #expect(MemoryKill.last(in: Array(Self.kernelLog.utf8), group: group) == kill)
    }

    @Test func `the kernel's word on who was killed goes over the counts`() throws {
        let files = ["memory.events": "oom_kill 2\n", "memory.max": "1024\n", "main/memory.events": "oom_kill 2\n"]
        try withGroup(files) { group, _ in
            var record = ExitRecord(status: nil, signal: 9, oom: false, time: 9)
            var story = ExitStory(controllers: ["memory"], group: group, log: nil, name: "14578f015197606b")
            story.kernelLog = { Array(Self.kernelLog.utf8) }
            story.complete(&record)
            #expect(record.memory == MemoryEnd(cgroup: "exec-1", victim: "d,pid=,d", limit: 1024, kills: 2))
        }
    }

    @Test func `an end without want of memory has none`() throws {
        let files = ["memory.events": "high 0\nmax 0\noom_kill 0\n", "pids.max": "20\n", "pids.events": "max 0\n"]
        try withGroup(files) { group, _ in
            let record = story(group)
            #expect(!record.oom && record.memory == nil && record.limits == nil)
        }
    }

    @Test func `a limit of processes counts where older kernels count it, too`() throws {
        for place in ["pids.events", "exec-1/pids.events"] {
            let files = ["memory.events": "oom_kill 0\n", "pids.max": "20\n", place: "max 3\n"]
            try withGroup(files) { group, _ in #expect(story(group).limits == ["pids.max"]) }
        }
    }

    @Test func `a limit of huge pages counts for the sizes that have one`() throws {
        let files = [
            "hugetlb.2MB.events": "max 2\n", "hugetlb.1GB.events": "max 1\n", "hugetlb.16MB.events": "max 0\n",
        ]
        try withGroup(files) { group, _ in
            var record = ExitRecord(status: 0, signal: nil, oom: false, time: 9)
            var story = ExitStory(controllers: [], group: group, log: nil)
            story.pageSizes = ["16MB", "2MB", "64KB"]
            story.complete(&record)
            #expect(record.limits == ["hugetlb.2MB.max"])
        }
    }

    @Test func `the last ten lines of the log are told, and no more than 4 KiB`() throws {
        let head = "2026-11-23T00:17:09.669794202Z stdout F "
        let lines = (0..<20).map { "\(head)line \($0)\n" }.joined()
        try withGroup(["log": lines]) { _, log in
            #expect(ExitStory.lastLines(of: log) == (10..<20).map { "line \($0)" })
        }
        let long = (0..<4).map { _ in head + String(repeating: "x", count: 3000) + "\n" }.joined()
        try withGroup(["log": "", "log.1": long]) { _, log in
            let found = ExitStory.lastLines(of: log) ?? []
            #expect(found.map(\.utf8.count) == [1096, 3000])
        }
        try withGroup([:]) { _, log in #expect(ExitStory.lastLines(of: log) == nil) }
    }

    @Test func `bytes that are no text are told as good as can be`() {
        let line = Array("2026-11-23T00:17:09.669794202Z stderr P a".utf8) + [0xFF, 0x62, 0x0A]
        #expect(ExitStory.lines(in: line) == ["a\u{FFFD}b"])
    }
}

@Suite struct `What a driver said of an end` {
    @Test func `is in its record, on the disk, and told`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            world.script.fail("detach")
            let before = await world.engine.snapshot().cursor
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { world.ledger.load().records.first?.exit?.message != nil }
            let message = try #require(try await world.engine.get("a").status.exit?.message)
            #expect(message.hasPrefix("clean-up of network failed: ") && message.contains("detach was to fail"))
            var kinds: [Event.Kind] = []
            var cursor = before
            while let event = try await world.engine.event(after: cursor, once: true) {
                kinds.append(event.kind)
                cursor = event.cursor
            }
            #expect(kinds.suffix(2) == [.containerExited, .containerUpdated])
        }
    }
}

@Suite struct `A process that does not end` {
    @Test func `it is told with its state and where it waits`() async throws {
        try await withWorld { world in
            let view = try await world.engine.create(.test("a"))
            let pid = try #require(try await world.engine.start("a").status.pid)
            let group = try #require(world.cgroups.group(of: view.id))
            let found = StuckProcess.all(in: group, proc: try Directory(path: "/proc"))
            #expect(found.map(\.pid) == [Int32(pid)])
            #expect(found.first?.name == "sleep")
            #expect(found.first?.state.hasPrefix("S") == true)
            let error = StuckProcess.story(of: found)
            #expect(error.code == .containerNotStopped)
            #expect(error.cause.first?.hasPrefix("process \(pid) (sleep) is in state S") == true)
            try await world.engine.remove("a", force: true)
            #expect(StuckProcess.all(in: group, proc: try Directory(path: "/proc")).isEmpty)
        }
    }

    @Test func `a stop and a removal are answered, the name is free, and it goes when the process does`() async throws {
        try await withWorld { world in
            // A monitor that never tells of an end stands for a process that SIGKILL does not end.
            let pid = try Pidfd(pid: Process.pid)
            world.script.with { $0.words = [.launched(pid: 1 << 30, process: pid)] }
            let view = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            try await world.engine.forgetProcess("a")
            async let stopped: ContainerView? = try? world.engine.stop("a", grace: 0)
            try await world.settled { world.script.with { !$0.timers.isEmpty } }
            for timer in world.script.with({ $0.timers }) { world.line.say(timer) }
            #expect(await stopped == nil)
            #expect(try await world.engine.get("a").status.phase == .stopping)

            try await world.settled { world.script.with { $0.timers.isEmpty } }
            async let removed: Void? = try? world.engine.remove("a", force: true)
            try await world.settled { world.script.with { !$0.timers.isEmpty } }
            for timer in world.script.with({ $0.timers }) { world.line.say(timer) }
            #expect(await removed == nil)
            #expect(world.script.complaints.contains { $0.code == .containerNotStopped })
            _ = try await world.engine.create(.test("a"))
            try await world.engine.endStuck(view.id)
            #expect(await world.engine.list().count == 1)
        }
    }
}

extension Engine {
    /// So that SIGKILL reaches nobody.
    fileprivate func forgetProcess(_ name: String) throws { try find(name).process = nil }

    fileprivate func endStuck(_ id: ContainerID) throws {
        guard let container = containers[id] else { return }
        end(container, ExitRecord(status: nil, signal: 9, oom: false, time: 1))
    }
}

@Suite struct `Pausing and renaming` {
    @Test func `a paused container stands still, and a stop lets it go`() async throws {
        try await withWorld { world in
            let view = try await world.engine.create(.test("a"))
            _ = try await world.engine.start("a")
            #expect(try await world.engine.pause("a").status.phase == .paused)
            #expect(world.cgroups.isFrozen(view.id))
            await #expect(throws: AgentError.self) { try await world.engine.pause("a") }
            #expect(try await world.engine.resume("a").status.phase == .running)
            _ = try await world.engine.pause("a")
            #expect(try await world.engine.stop("a", grace: 600).status.exit?.signal == 15)
            _ = try await world.engine.start("a")
            _ = try await world.engine.pause("a")
            try await world.engine.remove("a", force: true)
            try await world.assertNothingRuns()
        }
    }

    @Test func `a name changes at once and for good, and one that is taken is refused`() async throws {
        try await withWorld { world in
            let view = try await world.engine.create(.test("x"))
            _ = try await world.engine.create(.test("y"))
            _ = try await world.engine.start("x")
            let error = await #expect(throws: AgentError.self) {
                _ = try await world.engine.rename("x", to: ContainerName("y"))
            }
            #expect(error?.code == .containerNameInUse)
            _ = try await world.engine.rename("x", to: ContainerName("z"))
            #expect(try await world.engine.get("z").id == view.id)
            await #expect(throws: AgentError.self) { try await world.engine.get("x") }
            _ = try await world.engine.create(.test("x"))
            _ = try await world.engine.stop("z", grace: 0)
            try await world.assertNothingRuns()
            let records = world.ledger.load().records
            #expect(records.first { $0.id == view.id }?.spec.name?.description == "z")
        }
    }
}
