import LaunchPlan
import Linux
import Testing

/// Programs in a running container, each by a monitor of its own.
@Suite(.serialized, .enabled(if: PeerCredentials.isRoot, "needs root"))
struct JoinTests {
    let rootfs: Rootfs
    let guest: Rootfs
    let thread: PrivateMountThread

    init() throws {
        rootfs = try Rootfs()
        guest = try Rootfs()
        thread = try PrivateMountThread(minimal: true)
    }

    /// Runs `line` in a container that only waits, and returns its log.
    private func output(_ line: String, user: UInt32 = 0) throws -> [Substring] {
        let host = try MonitorRun(usualPlan(["sleep", "100"]), rootfs, thread: thread)
        let process = Pidfd(try #require(try host.message().descriptors.first))
        defer {
            try? process.send(signal: 9)
            _ = try? host.finish()
        }
        var plan = usualPlan(["true"])
        plan.namespaces = []
        (plan.uidMap, plan.gidMap) = ([], [])
        plan.join = Join(process: 3, namespaces: .all)
        plan.steps = [
            .workingDirectory("/srv/here"), .user(uid: user, gid: user, groups: []),
            .capabilities(bounding: 0xa80425fb, effective: user == 0 ? 0xa80425fb : 0, ambient: 0), .noNewPrivileges,
            .exec(path: "sh", arguments: ["sh", "-c", line], environment: ["PATH=/sbin:/bin"]),
        ]
        let run = try MonitorRun(plan, guest, extra: [process.descriptor.rawValue], thread: thread)
        let messages = try run.finish()
        #expect(messages.map(\.first) == ["launched", "exited"], "\(messages)")
        return try guest.text("log/log").split(separator: "\n").map { $0.dropFirst(31) }
    }

    @Test func `a program in a container sees its processes, mounts, names and ids`() throws {
        let log = try output("cat /proc/1/cmdline | head -c 5; echo; hostname; id -u; pwd; cat /proc/mounts")
        #expect(log.starts(with: ["stdout F sleep", "stdout F hafen", "stdout F 0", "stdout F /srv/here"]), "\(log)")
        let targets = log.dropFirst(4).compactMap { $0.split(separator: " ").dropFirst(3).first }
        #expect(targets.starts(with: ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"]))
    }

    @Test func `a program in a container has the container's namespaces, all of them`() throws {
        let kinds = "cgroup ipc mnt net pid user uts"
        let log = try output(
            "for n in \(kinds); do [ $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo $n; done")
        #expect(log == kinds.split(separator: " ").map { "stdout F \($0)" })
    }

    @Test func `a program in a container runs as its user without capabilities`() throws {
        let log = try output(
            "id -u; while read a b; do [ $a = CapEff: ] && echo $b; done < /proc/self/status", user: 33)
        #expect(log == ["stdout F 33", "stdout F 0000000000000000"])
    }
}
