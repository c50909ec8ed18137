import Drivers
import LaunchPlan
import Linux
import Model
import Testing

@testable import IsolationLinux

struct ExecPlannerTests {
    private let scratch: Scratch
    private let driver: LinuxIsolation
    private let target: Descriptor

    init() throws {
        scratch = try Scratch()
        driver = try LinuxIsolation()
        target = try Pidfd(pid: Process.pid).descriptor
        try scratch.directory.makeDirectory("etc")
        try scratch.directory.replaceFile("etc/passwd", Array("web:x:33:44::/srv:/bin/sh\n".utf8))
    }

    private func plan(
        user: String = "", ids: IDRange? = IDRange(base: 1_000_000), network: ExecPlanRequest.ExecNetwork = .own,
        options: IsolationOptions? = nil
    ) async throws -> IsolationPlan {
        let process = ProcessSpec(
            arguments: ["id"], environment: [], workingDirectory: "/srv", user: user, hostname: "box",
            readOnlyRoot: false)
        return try await driver.planExec(
            ExecPlanRequest(
                container: ContainerID.random(), process: process, ids: ids, target: target,
                root: scratch.directory.descriptor, network: network, options: options))
    }

    @Test func `it joins the container's namespaces and makes none`() async throws {
        let plan = try await plan().plan
        #expect(plan.namespaces == [])
        #expect(plan.join == Join(process: 0, namespaces: .all))
        #expect(plan.uidMap.isEmpty)
    }

    @Test func `what the container shares with the host is not joined`() async throws {
        let plan = try await plan(ids: nil, network: .host).plan
        #expect(plan.join?.namespaces == [.mount, .pid, .ipc, .uts, .cgroup])
        #expect(!plan.steps.contains(.becomeRoot))
    }

    @Test func `it has the walls of the container's first program, in their order`() async throws {
        let isolation = try await plan(user: "web")
        #expect(isolation.descriptors.count == 3)
        #expect(isolation.cgroup.isEmpty)
        let steps = isolation.plan.steps
        #expect(steps.first == .becomeRoot)
        let tail: [LaunchStep] = [
            .workingDirectory("/srv"), .user(uid: 33, gid: 44, groups: []),
            .capabilities(bounding: 0xA804_25FB, effective: 0, ambient: 0), .noNewPrivileges, .seccomp(2),
        ]
        #expect(Array(steps.dropLast().suffix(5)) == tail)
        guard case .exec("id", ["id"], let environment)? = steps.last else { throw Errno.invalid }
        #expect(environment.contains("HOME=/srv"))
        #expect(isolation.plan.stdio.owner == Stdio.Owner(uid: 1_000_033, gid: 1_000_044))
    }

    @Test func `a user that the container does not have is refused`() async throws {
        let error = await #expect(throws: AgentError.self) { try await plan(user: "nobody-there") }
        #expect(error?.code == .containerUserNotFound)
    }
}
