import LaunchPlan
import Linux
import Testing

/// The steps that few launches have.
@Suite(.serialized, .enabled(if: PeerCredentials.isRoot, "needs root"))
struct StepTests {
    let rootfs: Rootfs
    let thread: PrivateMountThread

    init() throws {
        rootfs = try Rootfs()
        thread = try PrivateMountThread(minimal: true)
    }

    private func output(
        _ line: String, early: [LaunchStep] = [], late: [LaunchStep] = [], isInit: Bool = false, extra: [Int32] = []
    ) throws -> [String] {
        var plan = usualPlan(["sh", "-c", line])
        plan.initProcess = isInit
        plan.steps.insert(contentsOf: late, at: plan.steps.count - 1)
        let walls = plan.steps.firstIndex(of: .mask("/proc/kcore")) ?? plan.steps.endIndex
        plan.steps.insert(contentsOf: early, at: walls)
        let messages = try MonitorRun(plan, rootfs, extra: extra, thread: thread).finish()
        guard messages.first?.first == "launched" else { return messages.map { $0.joined(separator: " ") } }
        return try rootfs.text("log/log").split(separator: "\n").map { String($0.dropFirst(40 - 9)) }
    }

    @Test func `a setting of the kernel is written for the container alone`() throws {
        let before = try Directory(path: "/proc/sys/kernel").open("shm_rmid_forced").readAll(limit: 9)
        let log = try output(
            "cat /proc/sys/kernel/shm_rmid_forced", early: [.sysctl(name: "kernel/shm_rmid_forced", value: "1")])
        #expect(log == ["stdout F 1"])
        #expect(try Directory(path: "/proc/sys/kernel").open("shm_rmid_forced").readAll(limit: 9) == before)
    }

    @Test func `the score for an out-of-memory kill is set`() throws {
        #expect(try output("cat /proc/self/oom_score_adj", early: [.oomScore(500)]) == ["stdout F 500"])
    }

    @Test func `landlock lets write only where a rule says so`() throws {
        let all: UInt64 = 0x1FFF
        let rules = LandlockRules(
            files: all, network: 0, scope: 0,
            paths: [
                .init(path: "/", access: 0xD), .init(path: "/tmp", access: all), .init(path: "/dev/null", access: all),
                .init(path: "/no/such", access: all),
            ])
        let log = try output(
            "mkdir -p /tmp; echo a >/tmp/x && echo tmp; (echo a >/etc/x) 2>/dev/null || echo no; echo x >/dev/null && echo null",
            early: [.mount(type: "tmpfs", source: "tmpfs", target: "/tmp", flags: [], data: "mode=1777")],
            late: [.noNewPrivileges, .landlock(rules)])
        #expect(log == ["stdout F tmp", "stdout F no", "stdout F null"])
    }

    @Test func `descriptors are passed in order, and no other is open`() throws {
        let one = try MemoryFile.sealed(Array("one\n".utf8))
        let two = try MemoryFile.sealed(Array("two\n".utf8))
        let log = try output(
            "cat <&3; cat <&4; ls /proc/self/fd | tr '\\n' ' '", late: [.pass(4, at: 3), .pass(3, at: 4)],
            extra: [one.rawValue, two.rawValue])
        #expect(log.prefix(2) == ["stdout F two", "stdout F one"])
        // ls has the directory open itself.
        #expect(log.last?.contains("0 1 2 3 4 5 ") == true)
        #expect(log.last?.contains("6") == false)
    }

    @Test func `an init passes the status on and collects orphans`() throws {
        let log = try output(
            "echo pid $$; (sleep 0.1 & exec true) ; sleep 0.4; ls -d /proc/[0-9]* | wc -l; cat /proc/1/stat | cut -d' ' -f4",
            isInit: true)
        #expect(log.first != "stdout F pid 1")
        // The init, the shell, ls and wc: no orphan, no zombie.
        #expect(log.dropFirst().first.flatMap { Int($0.dropFirst(9)) }.map { $0 <= 5 } == true, "\(log)")
    }

    @Test(arguments: [("exit 3", "3"), ("kill -9 $$", "137")])
    func `an init ends as its program did`(line: String, status: String) throws {
        var plan = usualPlan(["sh", "-c", line])
        plan.initProcess = true
        let messages = try MonitorRun(plan, rootfs, thread: thread).finish()
        #expect(messages.last?.prefix(3) == ["exited", status, "null"])
    }

    @Test func `an init hands signals on`() throws {
        var plan = usualPlan(["sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"])
        plan.initProcess = true
        let run = try MonitorRun(plan, rootfs, thread: thread)
        let process = Pidfd(try #require(try run.message().descriptors.first))
        for _ in 0..<200 where (try? rootfs.text("log/log").contains("up")) != true {
            _ = try process.waitExit(milliseconds: 20)
        }
        try process.send(signal: 15)
        #expect(try run.finish().last?.prefix(2) == ["exited", "9"])
    }

    @Test func `a program that an init can't start is told as without one`() throws {
        var plan = usualPlan(["/no/such"])
        plan.initProcess = true
        let messages = try MonitorRun(plan, rootfs, thread: thread).finish()
        #expect(messages.last?.first == "failed")
        #expect(messages.last?.last == "2")
    }
}
