import LaunchPlan
import Linux
import TestSupport
import Testing

/// The lines of a log without their times: "stdout F text".
private func lines(_ rootfs: Rootfs, _ file: String = "log/log") throws -> [Substring] {
    try rootfs.text(file).split(separator: "\n").map { $0.dropFirst(31) }
}

@Suite(.serialized, .enabled(if: PeerCredentials.isRoot, "needs root"))
struct MonitorTests {
    let rootfs: Rootfs
    let thread: PrivateMountThread

    init() throws {
        rootfs = try Rootfs()
        thread = try PrivateMountThread(minimal: true)
    }

    private func finish(_ plan: LaunchPlan, extra: [Int32] = []) throws -> [[String]] {
        try MonitorRun(plan, rootfs, extra: extra, thread: thread).finish()
    }

    /// Runs a shell line in the usual container and returns its log.
    private func output(_ line: String, user: UInt32 = 0, extra: [LaunchStep] = []) throws -> [Substring] {
        _ = try finish(usualPlan(["sh", "-c", line], user: user, extra: extra))
        return try lines(rootfs)
    }

    @Test(arguments: [("exit 42", "42", "null"), ("true", "0", "null")])
    func `the exit status is told and recorded`(_ line: String, _ status: String, _ signal: String) throws {
        let messages = try finish(usualPlan(["sh", "-c", line]))
        #expect(messages.first?.first == "launched")
        #expect(messages.last?.prefix(4) == ["exited", status, signal, "false"])
        let record = try rootfs.text("run/exit")
        #expect(record.hasPrefix("{\"status\":") && record.hasSuffix("}\n"))
        #expect(record.contains("\"status\":\(status),\"signal\":\(signal),\"oom\":false"))
        #expect(try rootfs.text("run/launched").hasPrefix("{\"monitor\":"))
    }

    @Test func `a signal from outside is recorded, the pidfd came with the message`() throws {
        let run = try MonitorRun(usualPlan(["sleep", "100"]), rootfs, thread: thread)
        let launched = try run.message()
        let pidfd = Pidfd(try #require(launched.descriptors.first))
        #expect(pidfd.isAlive)
        #expect(launched.words == ["launched", try #require(launched.words.last)])
        let lock = try rootfs.run.open("launched")
        #expect(try Lock.isHeld(lock))
        try pidfd.send(signal: 9)
        #expect(try run.finish().last?.prefix(4) == ["exited", "null", "9", "false"])
        #expect(try rootfs.text("run/exit").contains("\"status\":null,\"signal\":9,"))
        #expect(try !Lock.isHeld(lock))
    }

    @Test func `the container is root in its own user namespace with its own everything`() throws {
        let log = try output(
            "id -u; cat /proc/self/uid_map; hostname; echo $$; pwd; ulimit -n; echo x > /dev/null && echo null")
        #expect(log[0] == "stdout F 0")
        #expect(log[1].split(separator: " ").dropFirst(2) == ["0", "100000", "65536"])
        #expect(log.contains("stdout F 1") && log.contains("stdout F /srv/here"))
        #expect(log.contains("stdout F 512") && log.contains("stdout F null"))
    }

    @Test func `the mounts are those of the plan and nothing of the host`() throws {
        let mounts = try output("cat /proc/mounts; ls /sys | head -3; echo > /proc/sys/kernel/domainname")
        let targets = mounts.filter { $0.hasPrefix("stdout") }.compactMap {
            $0.split(separator: " ").dropFirst(3).first
        }
        #expect(targets.starts(with: ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"]))
        #expect(mounts.contains { $0.contains("block") })
        #expect(mounts.contains { $0.hasPrefix("stderr F") && $0.contains("Read-only file system") })
    }

    @Test func `a user of the container may open its own standard output`() throws {
        #expect(try output("id -u; echo again > /dev/stdout", user: 33) == ["stdout F 33", "stdout F again"])
    }

    @Test func `capabilities are those of the plan`() throws {
        let root = try output("while read a b; do case $a in Cap*|NoNew*) echo $a $b;; esac; done < /proc/self/status")
        #expect(
            root.contains("stdout F CapEff: 00000000a80425fb") && root.contains("stdout F CapInh: 0000000000000000"))
        #expect(root.contains("stdout F CapBnd: 00000000a80425fb") && root.contains("stdout F NoNewPrivs: 1"))
    }

    @Test func `a user other than root has no capabilities`() throws {
        let user = try output("while read a b; do echo $a $b; done < /proc/self/status", user: 33)
        #expect(
            user.contains("stdout F CapEff: 0000000000000000") && user.contains("stdout F CapPrm: 0000000000000000"))
    }

    @Test func `a program that is not there fails with its step and ENOENT`() throws {
        let plan = usualPlan(["nothing"])
        #expect(try finish(plan) == [["failed", "\(plan.steps.count - 1)", "2"]])
        #expect(try rootfs.run.statusIfPresent("launched") == nil)
        #expect(try rootfs.text("run/exit").contains("\"status\":null,\"signal\":null"))
    }

    @Test func `a linked mount point in the image is refused`() throws {
        try rootfs.root.symlink("/etc", at: "proc")
        #expect(try finish(usualPlan(["true"])) == [["failed", "4", "40"]])
    }

    @Test func `binds show files of the agent`() throws {
        try rootfs.log.replaceFile("hosts", [UInt8]("127.0.0.1 hafen\n".utf8))
        let mount = try Mount.clone(rootfs.path + "/log/hosts").shared()
        let plan = usualPlan(
            ["sh", "-c", "cat /etc/hosts; echo > /etc/hosts"],
            extra: [.bind(.descriptor(3), target: "/etc/hosts", recursive: false, flags: .readOnly)])
        _ = try finish(plan, extra: [mount.rawValue])
        #expect(try lines(rootfs).first == "stdout F 127.0.0.1 hafen")
        #expect(try lines(rootfs).last?.hasSuffix("Read-only file system") == true)
    }

    @Test func `an agent that is gone does not matter`() throws {
        let run = try MonitorRun(
            usualPlan(["sh", "-c", "echo on; exit 7"]), rootfs, thread: thread, closeControl: true)
        try run.monitor.end()
        #expect(try rootfs.text("run/exit").contains("\"status\":7,"))
        #expect(try lines(rootfs) == ["stdout F on"])
    }

    /// Kilobytes that only this process has: its heap, its stack and what it changed of its file.
    private func ownMemory(_ run: MonitorRun) throws -> Int {
        let pid = try #require(
            String(decoding: rootfs.run.read("launched", limit: 4096), as: UTF8.self)
                .firstMatch(of: #/"monitor":(\d+)/#)?.1)
        let status = try Directory(path: "/proc/\(pid)").open("status").readAll(limit: 1 << 16)
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return try #require(line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }

    @Test(arguments: [("sleep 100", 0), ("seq 1 100000; sleep 100", 4_588_895)])
    func `a monitor at rest has given back the memory of the launch and of output`(
        _ line: String, _ logged: Int64
    ) throws {
        let run = try MonitorRun(usualPlan(["sh", "-c", line]), rootfs, thread: thread)
        let pidfd = Pidfd(try #require(try run.message().descriptors.first))
        // A release build keeps 16 kB, a debug build some more; the buffers that filled were 384.
        var isSmall = false
        for _ in 0..<100 where !isSmall {
            _ = try run.control.waitReadable(milliseconds: 100)
            isSmall = try rootfs.log.statusIfPresent("log")?.size == logged && ownMemory(run) <= 64
        }
        #expect(isSmall)
        try pidfd.send(signal: 9)
        #expect(try run.finish().last?.first == "exited")
    }

    @Test func `three hundred launches leave nothing behind`() throws {
        for _ in 0..<300 { _ = try finish(usualPlan(["true"])) }
        let open = try Directory(path: "/proc/self/fd")
        // Other suites open and close files meanwhile: only ours count.
        let left = try open.names().compactMap { try? open.readLink($0) }.filter { $0.contains(rootfs.path) }
        #expect(left.isEmpty)
        let mounts = try Directory(path: "/proc/self").open("mountinfo").readAll(limit: 1 << 20)
        #expect(!String(decoding: mounts, as: UTF8.self).contains(rootfs.path))
    }
}

extension PeerCredentials {
    static var isRoot: Bool { (try? PeerCredentials(of: SocketPair(.stream).a))?.uid == 0 }
}
