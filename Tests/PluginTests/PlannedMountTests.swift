import Drivers
import LaunchPlan
import Linux
import Model
import Testing

@testable import IsolationLinux

struct PlannedMountTests {
    private let scratch: Scratch
    private let driver: LinuxIsolation
    private let files: Descriptor

    init() throws {
        scratch = try Scratch()
        driver = try LinuxIsolation()
        let files = try scratch.directory.makeDirectories("files")
        for name in ["hostname", "hosts", "resolv.conf"] { try files.replaceFile(name, []) }
        self.files = files.descriptor
        for name in ["etc", "run", "tmp", "data"] { try scratch.directory.makeDirectory(name) }
    }

    private func plan(
        _ mounts: [PlannedMount], readOnly: Bool = false, _ fill: (inout PlanRequest) -> Void = { _ in }
    ) async throws -> IsolationPlan {
        var request = PlanRequest(
            container: ContainerID.random(),
            process: ProcessSpec(
                arguments: ["sh"], environment: [], workingDirectory: "/", user: "", hostname: "box",
                readOnlyRoot: readOnly),
            limits: Limits(), ids: IDRange(base: 1_000_000), network: .born, root: scratch.directory.descriptor,
            files: files)
        request.mounts = mounts
        fill(&request)
        return try await driver.plan(request)
    }

    private func tmpfs(_ target: String) -> PlannedMount { PlannedMount(.tmpfs(size: nil, mode: nil), target: target) }

    private func targets(_ plan: IsolationPlan) -> [String] {
        plan.plan.steps.compactMap { if case .mount("tmpfs", _, let target, _, _) = $0 { target } else { nil } }
            .filter { !$0.hasPrefix("/dev") }
    }

    @Test func `what covers another comes first, and links are resolved below the root`() async throws {
        try scratch.directory.symlink("/data", at: "link")
        let plan = try await plan([tmpfs("/a/b"), tmpfs("/link/x"), tmpfs("/a")])
        #expect(targets(plan) == ["/a", "/a/b", "/data/x"])
    }

    @Test(arguments: ["/", "/proc", "/proc/sys", "/loop/x", "/gone/../../etc"])
    func `where nothing can be mounted it is refused`(target: String) async throws {
        try scratch.directory.symlink("loop", at: "loop")
        let error = await #expect(throws: AgentError.self) { try await plan([tmpfs(target)]) }
        #expect(error?.code == .mountRefused)
    }

    @Test(arguments: ["/proc/meminfo", "/sys/fs/cgroup", "/dev/snd"])
    func `the kernel's directories can be covered in places`(target: String) async throws {
        let mount = PlannedMount(.mount(files), target: target)
        let steps = try await plan([mount]).plan.steps
        #expect(steps.contains { if case .bind(_, target, _, _) = $0 { true } else { false } })
    }

    @Test func `a mount is private and without devices unless asked`() async throws {
        let mounts = [
            PlannedMount(.mount(files), target: "/data", readOnly: true),
            PlannedMount(.mount(files), target: "/dev/fuse", isDevice: true),
            PlannedMount(.mount(files), target: "/mnt", propagation: .rslave),
        ]
        let plan = try await plan(mounts)
        let steps = plan.plan.steps
        // The request's two, the filter, then these.
        let first = plan.descriptors.count - 3
        let data = try #require(
            steps.firstIndex(
                of: .bind(.descriptor(first), target: "/data", recursive: true, flags: [.noDevices, .readOnly])))
        #expect(steps[data + 1] == .propagation("/data", .private, recursive: true))
        #expect(steps.contains(.propagation("/mnt", .slave, recursive: true)))
        #expect(steps.contains(.bind(.descriptor(first + 2), target: "/dev/fuse", recursive: true, flags: [])))
        #expect(data < (try #require(steps.firstIndex(of: .mask("/proc/kcore")))))
    }

    @Test func `a read-only root has writable places, unless something is mounted there`() async throws {
        #expect(targets(try await plan([], readOnly: true)) == ["/run", "/tmp"])
        #expect(targets(try await plan([tmpfs("/tmp")], readOnly: true)) == ["/run", "/tmp"])
        #expect(targets(try await plan([])) == [])
        let taken = try await plan([PlannedMount(.mount(files), target: "/tmp")], readOnly: true)
        #expect(targets(taken) == ["/run"])
    }

    @Test(arguments: [false, true]) func `sockets are handed in from 3 on`(hasInit: Bool) async throws {
        let plan = try await plan([]) { request in
            request.listeners = [files, files]
            request.options = IsolationOptions()
            request.options?.initProcess = hasInit
        }
        let passed = plan.plan.steps.compactMap { if case .pass(_, let number) = $0 { number } else { nil } }
        #expect(passed == [3, 4])
        guard case .exec(_, _, let environment)? = plan.plan.steps.last else { throw Errno.invalid }
        #expect(environment.contains("LISTEN_FDS=2"))
        #expect(environment.contains(hasInit ? "LISTEN_PID=2" : "LISTEN_PID=1"))
        #expect(plan.plan.initProcess == hasInit)
    }

    @Test func `settings are written after the pivot and closed behind`() async throws {
        let steps = try await plan([]) { request in
            request.options = IsolationOptions()
            request.options?.sysctls = ["net.core.somaxconn": "7"]
            request.options?.shmSize = 4096
            request.options?.oomScore = 500
            request.options?.groups = ["7"]
            request.options?.security = SecuritySpec()
            request.options?.security?.noNewPrivileges = false
        }.plan.steps
        let order: [LaunchStep] = [
            .pivot, .sysctl(name: "net/core/somaxconn", value: "7"), .readOnly("/proc/sys"), .oomScore(500),
            .seccomp(2), .user(uid: 0, gid: 0, groups: [7]),
        ]
        let places = order.map { steps.firstIndex(of: $0) ?? -1 }
        #expect(places.allSatisfy { $0 >= 0 } && places == places.sorted(), "\(places)")
        #expect(!steps.contains(.noNewPrivileges))
        #expect(steps.filter { $0 == .readOnly("/proc/sys") }.count == 1)
        #expect(steps.contains { if case .mount(_, "shm", _, _, "mode=1777,size=4096") = $0 { true } else { false } })
    }

    @Test(.enabled(if: Process.isRoot, "needs root"))
    func `privileged has every device and open kernel file systems`() async throws {
        let steps = try await plan([]) { request in
            request.options = IsolationOptions()
            request.options?.security = SecuritySpec()
            request.options?.security?.privileged = true
        }.plan.steps
        #expect(steps.contains { if case .bind(.descriptor, "/dev", false, _) = $0 { true } else { false } })
        #expect(!steps.contains { if case .mask = $0 { true } else { false } })
        #expect(!steps.contains { if case .seccomp = $0 { true } else { false } })
        for case .mount("cgroup2", _, _, let flags, _) in steps { #expect(!flags.contains(.readOnly)) }
    }
}
