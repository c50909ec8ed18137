public import Drivers
import LaunchPlan
import Linux
public import Model

/// Isolation by namespaces, capabilities, seccomp and cgroups: the walls that every Linux has.
///
/// Nothing is kept of a container, so there is nothing to recover or to collect. Concurrent.
public struct LinuxIsolation: IsolationDriver {
    private let filter: SeccompFilter
    private let openFileLimit: UInt64

    /// Compiles the system call filter, which takes a few milliseconds. Throws `host.failed` when that can't be done.
    public init() throws {
        filter = try SeccompFilter(.standard)
        openFileLimit = HostProbe.openFileLimit
    }

    public func check() async throws -> HostCheck { HostProbe.check() }

    /// Reads the image's passwd and group below the root, and touches nothing. Blocks as long as that takes.
    ///
    /// Throws `container.user_not_found`.
    public func plan(_ request: PlanRequest) async throws -> IsolationPlan {
        let root = ImageRoot(request.root)
        let program = try program(request.process, root, request.ids, filterIndex: request.descriptors.count)
        let etc = try etc(root, request)
        let planner = Planner(request: request, program: program, etc: etc.map(\.target))
        return IsolationPlan(
            plan: planner.plan, descriptors: request.descriptors + [filter.program] + etc.map(\.mount),
            cgroup: try request.limits.cgroupSettings(replacing: Limits()))
    }

    /// Reads the passwd and group that the container has now, and touches nothing. Blocks as long as that takes.
    ///
    /// Throws `container.user_not_found`.
    public func planExec(_ request: ExecPlanRequest) async throws -> IsolationPlan {
        let program = try program(
            request.process, ImageRoot(request.root), request.ids, filterIndex: request.descriptors.count)
        return IsolationPlan(
            plan: ExecPlanner(request: request, steps: program).plan,
            descriptors: request.descriptors + [filter.program], cgroup: [])
    }

    /// Throws `device.not_found` for a bound on a device that is not there.
    public func settings(for limits: Limits, replacing old: Limits) async throws -> [CgroupSetting] {
        try limits.cgroupSettings(replacing: old)
    }

    public func explain(_ request: ExplainRequest) async throws -> Explanation {
        throw AgentError(.driverFailed, "not there yet")
    }

    private func program(
        _ process: ProcessSpec, _ root: ImageRoot, _ ids: IDRange?, filterIndex: Int
    ) throws(AgentError) -> ProgramSteps {
        let account = try Account(process.user, in: Accounts(root: root), ids: ids)
        return ProgramSteps(
            process: process, account: account, filterIndex: filterIndex, openFileLimit: openFileLimit)
    }

    private func etc(_ root: ImageRoot, _ request: PlanRequest) throws(AgentError) -> [EtcFile] {
        do {
            return try EtcFile.all(of: request.files, for: root, readOnly: request.process.readOnlyRoot)
        } catch {
            throw AgentError(
                .hostFailed, "could not take the files hostname, hosts and resolv.conf of \(request.container)",
                cause: ["\(error)"])
        }
    }
}
