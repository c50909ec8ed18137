import LaunchPlan
import Testing

private let fullPlan = LaunchPlan(
    namespaces: .all, cgroup: 2,
    uidMap: [IDMap(inside: 0, outside: 100000, count: 65536)],
    gidMap: [IDMap(inside: 0, outside: 100000, count: 65536), IDMap(inside: 65536, outside: 0, count: 1)],
    stdio: Stdio(
        input: .descriptor(3), output: .relay(copyTo: 4), error: .relay(copyTo: nil),
        owner: Stdio.Owner(uid: 100033, gid: 100033)),
    run: 0, log: Log(directory: 1, maxBytes: 16 << 20, files: 3), steps: allSteps)

private let allSteps: [LaunchStep] = [
    .joinNetwork(5), .loopbackUp, .becomeRoot, .privateMounts, .attachRoot(6, at: "/root"),
    .mount(type: "proc", source: "proc", target: "/proc", flags: [.noSetUID, .noDevices, .noExecute], data: ""),
    .mount(type: "tmpfs", source: "tmpfs", target: "/dev", flags: [], data: "mode=755,size=65536k"),
    .bind(.path("/sys"), target: "/sys", recursive: true, flags: .readOnly),
    .bind(.descriptor(7), target: "/etc/hosts", recursive: false, flags: []), .device("null"),
    .symlink(target: "/proc/self/fd", link: "/dev/fd"), .mask("/proc/kcore"), .readOnly("/proc/sys"), .pivot,
    .readOnlyRoot, .hostname("hafen"), .resourceLimit(resource: 7, soft: 1024, hard: .max),
    .workingDirectory("/srv"), .user(uid: 33, gid: 33, groups: [4, 5]), .user(uid: 0, gid: 0, groups: []),
    .capabilities(bounding: .max, effective: 1 << 40, ambient: 0), .noNewPrivileges, .seccomp(8),
    .exec(path: "sh", arguments: ["sh", "-c", "", "a b\n"], environment: ["PATH=/bin", "EMPTY="]),
]

@Suite struct LaunchPlanTests {
    @Test func `a full plan survives both text forms`() throws {
        #expect(try LaunchPlan(fields: fullPlan.fields) == fullPlan)
        #expect(try LaunchPlan(encoded: fullPlan.encoded()) == fullPlan)
    }

    @Test(arguments: allSteps) func `every step survives its text form`(_ step: LaunchStep) throws {
        let plan = LaunchPlan(namespaces: [], run: 0, steps: [step])
        #expect(try LaunchPlan(fields: plan.fields).steps == [step])
    }

    @Test(arguments: [
        (LaunchStep.pivot, ["pivot"]),
        (.hostname("hafen"), ["hostname", "hafen"]),
        (.user(uid: 1, gid: 2, groups: [3]), ["user", "1", "2", "3"]),
        (
            .mount(type: "tmpfs", source: "t", target: "/tmp", flags: [.readOnly, .noSetUID], data: "size=1m"),
            ["mount", "tmpfs", "t", "/tmp", "ro,nosuid", "size=1m"]
        ),
        (
            .bind(.descriptor(2), target: "/x", recursive: false, flags: []),
            ["bind-descriptor", "2", "/x", "single", "-"]
        ),
        (.exec(path: "ls", arguments: ["ls"], environment: []), ["exec", "ls", "1", "ls", "0"]),
    ])
    func `a step reads as a line`(_ step: LaunchStep, _ fields: [String]) {
        #expect(step.fields == fields)
    }

    @Test func `the bytes are counted records of ended fields`() throws {
        let plan = LaunchPlan(namespaces: [.user, .pid], run: 3, steps: [.pivot])
        let text = String(decoding: try plan.encoded(), as: UTF8.self).split(separator: "\0").map(String.init)
        #expect(
            text == [
                "2", "namespaces", "user,pid", "2", "run", "3", "2", "stdin", "null", "2", "stdout", "null",
                "2", "stderr", "null", "3", "stdio-owner", "0", "0", "1", "pivot",
            ])
    }

    @Test(arguments: [
        ["turn"], [], [""], ["pivot", "now"], ["hostname"], ["user", "1"], ["user", "-1", "0"], ["user", "1", "x"],
        ["user", "4294967296", "0"], ["namespaces", "user,moon"], ["namespaces", "user,"], ["stdin", "relay"],
        ["stdout", "descriptor"], ["log", "1", "0", "1"], ["log", "1", "1", "0"], ["device", "../sda"],
        ["device", ".."], ["device", ""], ["exec", "sh", "2", "sh", "0"], ["exec", "sh", "99999999999", "sh"],
        ["mount", "a", "b", "c", "ro,,", "d"], ["bind-path", "/a", "/b", "maybe", "-"], ["run", "70000"],
        ["capabilities", "18446744073709551616", "0", "0"], ["seccomp", "+1"], ["seccomp", " 1"],
    ])
    func `a record that fits no verb is refused by its number`(_ record: [String]) {
        #expect(throws: PlanError.record(1)) { try LaunchPlan(fields: [["run", "0"], record]) }
    }

    @Test func `a plan without a run directory is refused`() {
        #expect(throws: PlanError.noRunDirectory) { try LaunchPlan(fields: [["pivot"]]) }
    }

    @Test func `a NUL in a text is refused, it would start a new field`() {
        let plan = LaunchPlan(
            namespaces: [], run: 0, steps: [.exec(path: "a", arguments: [], environment: ["A=\0" + "1\0pivot"])])
        #expect(throws: PlanError.nulByte(record: 6)) { try plan.encoded() }
    }

    @Test func `every cut of the bytes is refused or read, never trapped on`() throws {
        let bytes = try fullPlan.encoded()
        for length in 0..<bytes.count { _ = try? LaunchPlan(encoded: Array(bytes.prefix(length))) }
    }

    @Test func `changed bytes never trap`() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = try fullPlan.encoded()
        for _ in 0..<5000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? LaunchPlan(encoded: changed)
        }
        for _ in 0..<5000 {
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255) }
            _ = try? LaunchPlan(encoded: noise)
        }
    }
}
