public import LaunchPlan
public import Linux
public import Model

/// Decides the walls around a container. It only plans: the monitor acts.
public protocol IsolationDriver: Driver {
    /// What this host can do.
    func check() async throws -> HostCheck
    /// How to start a container: namespaces, id maps and steps. Has no side effect.
    func plan(_ request: PlanRequest) async throws -> IsolationPlan
}

/// What a host offers for isolation.
public struct HostCheck: Sendable, Hashable, Codable {
    /// 0 (nothing works) to 100 (every wall stands).
    public var score: Int
    /// One line for each thing that is missing, and what follows from it.
    public var missing: [String]

    public init(score: Int, missing: [String]) {
        self.score = score
        self.missing = missing
    }
}

/// The program to run, after the image's wishes and the caller's were merged.
public struct ProcessSpec: Sendable, Hashable, Codable {
    /// Entrypoint and arguments; the first is looked up in the container's own PATH when it holds no slash.
    public var arguments: [String]
    public var environment: [String]
    public var workingDirectory: String
    /// Empty is root.
    public var user: String
    public var hostname: String
    public var readOnlyRoot: Bool

    enum CodingKeys: String, CodingKey {
        case arguments, environment, user, hostname
        case workingDirectory = "working_directory"
        case readOnlyRoot = "read_only_root"
    }

    public init(
        arguments: [String], environment: [String], workingDirectory: String, user: String, hostname: String,
        readOnlyRoot: Bool
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.hostname = hostname
        self.readOnlyRoot = readOnlyRoot
    }
}

public struct PlanRequest: Sendable {
    public var container: ContainerID
    public var process: ProcessSpec
    public var limits: Limits
    public var ids: IDRange?
    public var network: Attachment.Namespace
    /// The detached root mount. The plan's descriptor 0.
    public var root: Descriptor
    /// A directory with the files `hostname`, `hosts` and `resolv.conf` for /etc. The plan's descriptor 1.
    public var files: Descriptor

    public init(
        container: ContainerID, process: ProcessSpec, limits: Limits, ids: IDRange?, network: Attachment.Namespace,
        root: Descriptor, files: Descriptor
    ) {
        self.container = container
        self.process = process
        self.limits = limits
        self.ids = ids
        self.network = network
        self.root = root
        self.files = files
    }

    /// The descriptors that the plan may name, in order: root, files, and the network namespace where there is one.
    public var descriptors: [Descriptor] {
        if case .made(let namespace) = network { return [root, files, namespace] }
        return [root, files]
    }
}

public struct IsolationPlan: Sendable {
    /// Namespaces, id maps and steps. The agent adds the cgroup, the stdio, the log and the run directory.
    public var plan: LaunchPlan
    /// What the plan's descriptors are: the request's, in its order, then those the driver adds.
    public var descriptors: [Descriptor]
    /// Files to write in the container's cgroup before the program is in it.
    public var cgroup: [CgroupSetting]

    public init(plan: LaunchPlan, descriptors: [Descriptor], cgroup: [CgroupSetting]) {
        self.plan = plan
        self.descriptors = descriptors
        self.cgroup = cgroup
    }
}

/// One value for one file of a cgroup.
public struct CgroupSetting: Sendable, Hashable, Codable {
    /// The controller that must be there, such as `memory`; without it the launch is refused with `limit.unavailable`.
    public var controller: String
    /// Such as `memory.max`.
    public var file: String
    public var value: String
    /// Fail when the file isn't there, although the controller is (an older kernel may lack a refinement).
    public var required: Bool

    public init(controller: String, file: String, value: String, required: Bool = true) {
        self.controller = controller
        self.file = file
        self.value = value
        self.required = required
    }
}
