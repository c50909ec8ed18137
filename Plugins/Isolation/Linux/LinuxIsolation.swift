public import Drivers
import LaunchPlan
import Linux
import Model

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
        let account = try Account(request.process.user, in: Accounts(root: request.root), ids: request.ids)
        let descriptors = request.descriptors
        let planner = Planner(
            request: request, account: account, filterIndex: descriptors.count, openFileLimit: openFileLimit)
        return IsolationPlan(
            plan: planner.plan, descriptors: descriptors + [filter.program], cgroup: request.limits.cgroupSettings)
    }
}
