import Linux
import TestSupport
import Testing

@Suite(.serialized) struct `A device filter` {
    struct Attempt: Sendable, CustomTestStringConvertible {
        let script: String
        let succeeds: Bool
        var testDescription: String { script }
    }

    @Test(arguments: [
        Attempt(script: "head -c 1 /dev/zero", succeeds: true),
        Attempt(script: "echo x >/dev/zero", succeeds: false),
        Attempt(script: "echo x >/dev/null", succeeds: true),
        Attempt(script: "head -c 1 /dev/urandom", succeeds: false),
        Attempt(script: "mknod /tmp/davit-test-$$ c 1 9 && rm /tmp/davit-test-$$", succeeds: false),
        Attempt(script: "mknod /tmp/davit-test-$$ c 1 3 && rm /tmp/davit-test-$$", succeeds: true),
        Attempt(script: "mknod /tmp/davit-test-$$ p && rm /tmp/davit-test-$$", succeeds: true),
    ])
    func `lets through what a rule allows, and nothing else`(attempt: Attempt) throws {
        let filter = DeviceFilter(rules: [
            .init(isBlock: false, major: 1, minor: 5, access: .read), .init(isBlock: false, major: 1, minor: 3),
        ])
        let path = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first { (try? Cgroup(path: $0).processes()) != nil }
        let root = try Cgroup(path: #require(path))
        let name = "davit-test-\(Process.pid)-devices"
        let group = try root.child(name)
        defer { try? root.removeTree(name) }
        try filter.apply(to: group.descriptor)
        let shell = try Directory(path: "/bin").open("sh")
        let process = try Process.spawn(
            executable: shell.rawValue, arguments: ["sh", "-c", "exec 2>&1; \(attempt.script)"],
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], descriptors: [], cgroup: group.descriptor.rawValue
        ).shared()
        let end = try process.end()
        #expect((end == .exited(0)) == attempt.succeeds)
    }
}
