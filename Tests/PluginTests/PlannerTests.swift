import Drivers
import LaunchPlan
import Linux
import Model
import Testing

@testable import IsolationLinux

struct PlannerTests {
    private let scratch: Scratch
    private let driver: LinuxIsolation
    private let files: Descriptor

    init() throws {
        scratch = try Scratch()
        driver = try LinuxIsolation()
        for name in ["hostname", "hosts", "resolv.conf"] {
            try scratch.directory.makeDirectories("files").replaceFile(name, [])
        }
        files = try scratch.directory.directory("files").descriptor
        try scratch.directory.makeDirectory("etc")
    }

    private func request(
        user: String = "", network: Drivers.Attachment.Namespace = .born, readOnly: Bool = false,
        environment: [String] = [],
        ids: IDRange? = IDRange(base: 1_000_000), limits: Limits = Limits()
    ) throws -> PlanRequest {
        PlanRequest(
            container: ContainerID.random(),
            process: ProcessSpec(
                arguments: ["sh", "-c", "true"], environment: environment, workingDirectory: "/srv", user: user,
                hostname: "box", readOnlyRoot: readOnly),
            limits: limits, ids: ids, network: network, root: scratch.directory.descriptor,
            files: files)
    }

    private func steps(_ request: PlanRequest) async throws -> [LaunchStep] {
        try await driver.plan(request).plan.steps
    }

    private func index(_ steps: [LaunchStep], _ isWanted: @escaping (LaunchStep) -> Bool) throws -> Int {
        try #require(steps.firstIndex { isWanted($0) })
    }

    @Test func `each step comes after those it needs`() async throws {
        let steps = try await steps(request(readOnly: true))
        let order: [(LaunchStep) -> Bool] = [
            { $0 == .becomeRoot },
            { $0 == .attachRoot(0, at: "/root") },
            { if case .mount("proc", _, _, _, _) = $0 { true } else { false } },
            { if case .mount("tmpfs", _, "/dev", _, _) = $0 { true } else { false } },
            { $0 == .device("null") },
            { $0 == .mask("/proc/kcore") },
            { $0 == .readOnly("/proc/sys") },
            { $0 == .pivot },
            { $0 == .readOnlyRoot },
            { $0 == .workingDirectory("/srv") },
            { if case .user = $0 { true } else { false } },
            { if case .capabilities = $0 { true } else { false } },
            { $0 == .noNewPrivileges },
            { $0 == .seccomp(2) },
            { if case .exec = $0 { true } else { false } },
        ]
        let places = try order.map { try index(steps, $0) }
        #expect(places == places.sorted())
        #expect(places.last == steps.count - 1)
    }

    @Test func `the filter comes after the request's descriptors`() async throws {
        let wanted = try request(network: .made(scratch.directory.descriptor))
        let made = try await driver.plan(wanted)
        #expect(made.descriptors.count == 7)
        #expect(made.plan.steps.contains(.seccomp(3)))
        #expect(made.plan.steps.contains(.joinNetwork(2)))
    }

    @Test func `ids are mapped to the container's block`() async throws {
        let plan = try await driver.plan(request(user: "33:34")).plan
        #expect(plan.namespaces == .all)
        #expect(plan.uidMap == [IDMap(inside: 0, outside: 1_000_000, count: 65536)])
        #expect(plan.gidMap == plan.uidMap)
        #expect(plan.stdio.owner == Stdio.Owner(uid: 1_000_033, gid: 1_000_034))
    }

    @Test func `without a block there is no user namespace`() async throws {
        let plan = try await driver.plan(request(ids: nil)).plan
        #expect(!plan.namespaces.contains(.user))
        #expect(plan.uidMap.isEmpty)
        #expect(plan.stdio.owner == Stdio.Owner(uid: 0, gid: 0))
    }

    @Test func `the host's network keeps the host's sysfs, read-only`() async throws {
        let plan = try await driver.plan(request(network: .host)).plan
        #expect(!plan.namespaces.contains(.network))
        #expect(!plan.steps.contains(.loopbackUp))
        let isBound = plan.steps.contains {
            guard case .bind(.path("/sys"), "/sys", _, let flags) = $0 else { return false }
            return flags.contains(.readOnly)
        }
        #expect(isBound)
    }

    @Test func `every mount from the kernel forbids set-uid programs`() async throws {
        for case .mount(_, _, let target, let flags, _) in try await steps(request()) {
            #expect(flags.contains(.noSetUID), "\(target)")
        }
    }

    @Test(arguments: [("", 0xA80425FB as UInt64), ("0:7", 0xA80425FB), ("1000", 0), ("1000:0", 0)])
    func `only root has capabilities`(user: String, effective: UInt64) async throws {
        #expect(
            try await steps(request(user: user)).contains(
                .capabilities(bounding: 0xA804_25FB, effective: effective, ambient: 0)))
    }

    @Test func `what the environment lacks is added, and what it has stays`() async throws {
        let plain = try await environment([])
        #expect(plain.contains("HOME=/") && plain.contains("HOSTNAME=box"))
        #expect(plain.contains { $0.hasPrefix("PATH=/usr/local/sbin:") })
        #expect(try await environment(["HOME=/x", "PATH=/y", "HOSTNAME=z"]) == ["HOME=/x", "PATH=/y", "HOSTNAME=z"])
    }

    private func environment(_ wanted: [String]) async throws -> [String] {
        guard
            case .exec("sh", ["sh", "-c", "true"], let environment)? = try await steps(request(environment: wanted))
                .last
        else { return [] }
        return environment
    }

    @Test(arguments: [
        (Limits(), [String]()),
        (Limits(memory: 64 << 20), ["memory.max=67108864", "memory.oom.group=1", "memory.swap.max=0"]),
        (Limits(pids: 7), ["pids.max=7"]),
        (Limits(cpus: 1.5), ["cpu.max=150000 100000"]),
        (Limits(cpus: 0.01), ["cpu.max=1000 100000"]),
    ])
    func `limits become files of the cgroup`(limits: Limits, expected: [String]) async throws {
        let settings = try await driver.plan(request(limits: limits)).cgroup
        #expect(settings.map { "\($0.file)=\($0.value)" } == expected)
        #expect(settings.allSatisfy { $0.file.hasPrefix($0.controller + ".") })
    }

    @Test func `the host scores between nothing and all`() async throws {
        let check = try await driver.check()
        #expect((0...100).contains(check.score))
        #expect((check.score == 100) == check.missing.isEmpty)
    }
}

// MARK: The agent's files
extension PlannerTests {
    private func targets(readOnly: Bool = false) async throws -> [String] {
        try await steps(request(readOnly: readOnly)).compactMap {
            guard case .bind(.descriptor, let target, false, _) = $0 else { return nil }
            return target
        }
    }

    @Test func `they go where a program would find them`() async throws {
        try scratch.directory.symlink("../var/run/./hosts", at: "etc/hosts")
        try scratch.directory.makeDirectory("var")
        try scratch.directory.symlink("/run", at: "var/run")
        try scratch.directory.symlink("../../../../escape", at: "etc/hostname")
        #expect(try await targets() == ["/escape", "/run/hosts", "/etc/resolv.conf"])
        #expect(try await targets(readOnly: true).isEmpty)
    }

    @Test(arguments: ["hosts", "/proc/self/fd/3", "/dev/null", "/sys/x", "../.."])
    func `a link that can't be followed leaves the file out`(target: String) async throws {
        try scratch.directory.symlink(target, at: "etc/hosts")
        #expect(try await targets() == ["/etc/hostname", "/etc/resolv.conf"])
    }

    @Test func `an etc that is a file leaves them all out`() async throws {
        try scratch.directory.removeDirectory("etc")
        try scratch.directory.replaceFile("etc", [])
        #expect(try await targets().isEmpty)
    }
}

// MARK: The image's own accounts
extension PlannerTests {
    private func refusal(_ user: String) async -> AgentError? {
        await #expect(throws: AgentError.self) { try await driver.plan(request(user: user)) }
    }

    @Test func `a user is looked up in the image`() async throws {
        try scratch.directory.replaceFile("etc/passwd", Array("web:x:33:44::/var/www:/bin/sh\n".utf8))
        try scratch.directory.replaceFile("etc/group", Array("log:x:101:web\n".utf8))
        #expect(try await steps(request(user: "web")).contains(.user(uid: 33, gid: 44, groups: [101])))
    }

    @Test func `a passwd that is a FIFO blocks nobody`() async throws {
        #expect(try Process.run("/usr/bin/mkfifo", "\(scratch.path)/etc/passwd") == .exited(0))
        #expect(try await steps(request()).contains(.user(uid: 0, gid: 0, groups: [])))
        let error = await refusal("web")
        #expect(error?.code == .containerUserNotFound)
        #expect(error?.cause.isEmpty == false)
    }

    @Test func `a passwd that leads out of the root finds nothing`() async throws {
        let outside = try Scratch()
        try outside.directory.replaceFile("passwd", Array("web:x:33:44::/:/bin/sh\n".utf8))
        for target in [
            "\(outside.path)/passwd", "../../..\(outside.path)/passwd", "/proc/self/root\(outside.path)/passwd",
        ] {
            try? scratch.directory.remove("etc/passwd")
            try scratch.directory.symlink(target, at: "etc/passwd")
            #expect(await refusal("web")?.code == .containerUserNotFound)
        }
    }

    @Test func `a link inside the root is followed, from the root on`() async throws {
        try scratch.directory.makeDirectory("real")
        try scratch.directory.replaceFile("real/passwd", Array("web:x:33:44::/:/bin/sh\n".utf8))
        try scratch.directory.symlink("/real/passwd", at: "etc/passwd")
        #expect(try await steps(request(user: "web")).contains(.user(uid: 33, gid: 44, groups: [])))
    }

    @Test func `a huge passwd is not read`() async throws {
        try scratch.directory.open("etc/passwd", [.writeOnly, .create]).truncate(to: 1 << 40)
        let error = await refusal("web")
        #expect(error?.code == .containerUserNotFound)
        #expect(error?.cause.first?.contains("etc/passwd") == true)
    }
}
