public import LaunchPlan
public import Linux
public import Model

/// Decides the walls around a container. It only plans: the monitor acts.
public protocol IsolationDriver: Driver {
    /// What this host can do.
    func check() async throws -> HostCheck
    /// How to start a container: namespaces, id maps and steps. Has no side effect.
    func plan(_ request: PlanRequest) async throws -> IsolationPlan
    /// How to start one more program in a running container. Has no side effect. Its `cgroup` is empty.
    func planExec(_ request: ExecPlanRequest) async throws -> IsolationPlan
    /// What is to be written in a cgroup that had the limits `old` and shall have `limits`: what `old` has more is
    /// opened again.
    func settings(for limits: Limits, replacing old: Limits) async throws -> [CgroupSetting]
    /// Every wall around a container, and a score.
    func explain(_ request: ExplainRequest) async throws -> Explanation
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
    /// What differs from a standard container; `nil` for one.
    public var options: IsolationOptions?
    /// Further mounts, in the order in which they are made: the shortest target first.
    public var mounts: [PlannedMount] = []
    /// Sockets to hand to the program as descriptors 3 and following.
    public var listeners: [Descriptor] = []

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

/// What a container's spec asks of its isolation beyond the standard walls.
public struct IsolationOptions: Sendable, Hashable, Codable {
    public var security: SecuritySpec?
    public var resourceLimits: [ResourceLimit]?
    public var sysctls: [String: String]?
    public var shmSize: Int64?
    public var oomScore: Int?
    public var groups: [String]?
    public var initProcess: Bool?
    public var terminal: Bool?

    public init() {}

    /// The options in a spec; `nil` when it has none.
    public init?(_ spec: ContainerSpec) {
        security = spec.security
        resourceLimits = spec.resourceLimits
        sysctls = spec.sysctls
        shmSize = spec.shmSize
        oomScore = spec.oomScore
        groups = spec.groups
        initProcess = spec.initProcess
        terminal = spec.terminal
        if self == IsolationOptions() { return nil }
    }

    enum CodingKeys: String, CodingKey {
        case security, sysctls, groups, terminal
        case resourceLimits = "resource_limits"
        case shmSize = "shm_size"
        case oomScore = "oom_score"
        case initProcess = "init"
    }
}

/// A mount whose source the agent has opened already.
public struct PlannedMount: Sendable {
    public enum Source: Sendable {
        /// A detached mount, id-mapped as it shall be.
        case mount(Descriptor)
        case tmpfs(size: Int64?, mode: Int?)
    }

    public var source: Source
    /// An absolute path in the container, links and all: the driver resolves them below the root.
    public var target: String
    public var readOnly: Bool
    public var recursive: Bool
    public var propagation: MountSpec.Propagation?
    /// A device node, which the mount must let be one.
    public var isDevice: Bool

    public init(
        _ source: Source, target: String, readOnly: Bool = false, recursive: Bool = true,
        propagation: MountSpec.Propagation? = nil, isDevice: Bool = false
    ) {
        self.source = source
        self.target = target
        self.readOnly = readOnly
        self.recursive = recursive
        self.propagation = propagation
        self.isDevice = isDevice
    }
}

/// One more program in a running container.
public struct ExecPlanRequest: Sendable {
    public var container: ContainerID
    public var process: ProcessSpec
    public var ids: IDRange?
    /// A pidfd of the container's main process. The plan's descriptor 0.
    public var target: Descriptor
    /// The root directory of that process. The plan's descriptor 1.
    public var root: Descriptor
    public var network: ExecNetwork
    /// Those of the container, with `security.privileged` and so on changed as this program shall have them.
    public var options: IsolationOptions?

    /// Whether the container has a network namespace of its own.
    public enum ExecNetwork: String, Sendable, Codable { case own, host }

    public init(
        container: ContainerID, process: ProcessSpec, ids: IDRange?, target: Descriptor, root: Descriptor,
        network: ExecNetwork, options: IsolationOptions?
    ) {
        self.container = container
        self.process = process
        self.ids = ids
        self.target = target
        self.root = root
        self.network = network
        self.options = options
    }

    public var descriptors: [Descriptor] { [target, root] }
}

/// One wall around a container, and how it stands.
public struct Wall: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case up, weakened, down
        /// This host can't build it.
        case missing
    }

    /// A stable word, such as `user-namespace`.
    public var name: String
    public var state: State
    /// What it keeps from what, or what its absence allows.
    public var message: String
    /// What its absence adds to the exposure: 0 to 10.
    public var weight: Double

    public init(name: String, state: State, message: String, weight: Double) {
        self.name = name
        self.state = state
        self.message = message
        self.weight = weight
    }
}

public struct Explanation: Sendable, Hashable, Codable {
    /// 0 (nothing is open) to 10 (everything is), in the manner of systemd-analyze security.
    public var exposure: Double
    public var walls: [Wall]

    public init(exposure: Double, walls: [Wall]) {
        self.exposure = exposure
        self.walls = walls
    }
}

/// A container as its walls are judged.
public struct ExplainRequest: Sendable, Hashable, Codable {
    public var spec: ContainerSpec
    /// Whether it has ids of its own.
    public var hasUserNamespace: Bool

    public init(spec: ContainerSpec, hasUserNamespace: Bool) {
        self.spec = spec
        self.hasUserNamespace = hasUserNamespace
    }

    enum CodingKeys: String, CodingKey {
        case spec
        case hasUserNamespace = "has_user_namespace"
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
