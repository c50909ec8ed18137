/// What a container shall be. Reading it back and creating from it again gives an equal container.
///
/// Every value that the image supplies (entrypoint, environment, user) is left `nil` or empty here when nobody asked for
/// another; the merge with the image happens at start, in `ProcessSpec.init(spec:image:)`.
public struct ContainerSpec: Sendable, Hashable, Codable {
    /// An image reference such as `debian:bookworm`, or an image id.
    public var image: String
    public var name: ContainerName?
    /// Replaces the image's `Cmd`.
    public var command: [String]?
    /// Replaces the image's `Entrypoint` (and then also drops its `Cmd`).
    public var entrypoint: [String]?
    /// `NAME=value`, later wins, added to the image's.
    public var environment: [String]
    public var workingDirectory: String?
    /// `user`, `uid`, `user:group` or `uid:gid`; names are looked up in the image's own files.
    public var user: String?
    /// 1 to 64 characters; default: the first 12 of the container's id.
    public var hostname: String?
    public var labels: [String: String]
    /// The name of a network, such as `none`, `host`, `bridge`, or `container:` with another container's name; `default`:
    /// the one that the agent's configuration says.
    public var network: String
    /// How it is connected, where a name does not say all: the first of them is `network`, and `eth0`.
    public var networks: [NetworkConnection]?
    /// How it looks up names, where it differs from the host.
    public var dns: DNSSpec?
    /// Ports of the host that lead to the container's, on a network that can.
    public var ports: [PortMapping]?
    /// A free port of the host leads to each port that the image exposes.
    public var publishAll: Bool?
    public var readOnly: Bool
    /// Give the caller's first descriptor to the program as standard input; otherwise it reads /dev/null.
    public var interactive: Bool
    /// Remove the container, its log and its files when it ends. Such a container leaves nothing on a disk.
    public var remove: Bool
    public var limits: Limits
    /// Seconds between the stop signal and SIGKILL, 0 to 3600.
    public var stopTimeout: Int
    /// Replaces the image's stop signal: a name with or without SIG, or a number.
    public var stopSignal: String?
    /// Give the program a terminal of its own as its three streams.
    public var terminal: Bool?
    /// A small init of the agent's own is PID 1: it passes signals on and collects orphans.
    public var initProcess: Bool?
    public var mounts: [MountSpec]?
    /// Bytes that the container may write to its root; refused where the storage driver can't keep it.
    public var rootSize: Int64?
    /// Bytes of /dev/shm; default 64 MiB.
    public var shmSize: Int64?
    public var devices: [DeviceSpec]?
    /// Supplementary groups beside the user's own: names of the image or numbers.
    public var groups: [String]?
    public var resourceLimits: [ResourceLimit]?
    /// Settings below /proc/sys that belong to the container's own namespaces, such as `net.core.somaxconn`.
    public var sysctls: [String: String]?
    /// -1000 to 1000; below the agent's own it needs CAP_SYS_RESOURCE.
    public var oomScore: Int?
    public var security: SecuritySpec?
    public var restart: RestartPolicy?
    public var dependsOn: [Dependency]?
    public var health: HealthSpec?
    public var notify: NotifySpec?
    public var credentials: [CredentialSpec]?
    public var listen: [ListenSpec]?

    public init(image: String) {
        self.image = image
        environment = []
        labels = [:]
        network = NetworkConnection.defaultName
        readOnly = false
        interactive = false
        remove = false
        limits = Limits()
        stopTimeout = 10
    }
}

extension ContainerSpec {
    enum CodingKeys: String, CodingKey {
        case image, name, command, entrypoint, environment, user, hostname, labels, network, networks, dns,
            ports, interactive
        case remove
        case limits
        case workingDirectory = "working_directory"
        case publishAll = "publish_all"
        case readOnly = "read_only"
        case stopTimeout = "stop_timeout"
        case terminal, mounts, devices, groups, sysctls, security, restart, health, notify, credentials, listen
        case stopSignal = "stop_signal"
        case initProcess = "init"
        case rootSize = "root_size"
        case shmSize = "shm_size"
        case resourceLimits = "resource_limits"
        case oomScore = "oom_score"
        case dependsOn = "depends_on"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(image: try values.decode(String.self, forKey: .image))
        name = try values.decodeIfPresent(ContainerName.self, forKey: .name)
        command = try values.decodeIfPresent([String].self, forKey: .command)
        entrypoint = try values.decodeIfPresent([String].self, forKey: .entrypoint)
        environment = try values.decodeIfPresent([String].self, forKey: .environment) ?? environment
        workingDirectory = try values.decodeIfPresent(String.self, forKey: .workingDirectory)
        user = try values.decodeIfPresent(String.self, forKey: .user)
        hostname = try values.decodeIfPresent(String.self, forKey: .hostname)
        labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? labels
        networks = try values.decodeIfPresent([NetworkConnection].self, forKey: .networks)
        network = try values.decodeIfPresent(String.self, forKey: .network) ?? networks?.first?.network ?? network
        dns = try values.decodeIfPresent(DNSSpec.self, forKey: .dns)
        ports = try values.decodeIfPresent([PortMapping].self, forKey: .ports)
        publishAll = try values.decodeIfPresent(Bool.self, forKey: .publishAll)
        readOnly = try values.decodeIfPresent(Bool.self, forKey: .readOnly) ?? readOnly
        interactive = try values.decodeIfPresent(Bool.self, forKey: .interactive) ?? interactive
        remove = try values.decodeIfPresent(Bool.self, forKey: .remove) ?? remove
        limits = try values.decodeIfPresent(Limits.self, forKey: .limits) ?? limits
        stopTimeout = try values.decodeIfPresent(Int.self, forKey: .stopTimeout) ?? stopTimeout
        stopSignal = try values.decodeIfPresent(String.self, forKey: .stopSignal)
        terminal = try values.decodeIfPresent(Bool.self, forKey: .terminal)
        initProcess = try values.decodeIfPresent(Bool.self, forKey: .initProcess)
        mounts = try values.decodeIfPresent([MountSpec].self, forKey: .mounts)
        rootSize = try values.decodeIfPresent(Int64.self, forKey: .rootSize)
        shmSize = try values.decodeIfPresent(Int64.self, forKey: .shmSize)
        devices = try values.decodeIfPresent([DeviceSpec].self, forKey: .devices)
        groups = try values.decodeIfPresent([String].self, forKey: .groups)
        resourceLimits = try values.decodeIfPresent([ResourceLimit].self, forKey: .resourceLimits)
        sysctls = try values.decodeIfPresent([String: String].self, forKey: .sysctls)
        oomScore = try values.decodeIfPresent(Int.self, forKey: .oomScore)
        security = try values.decodeIfPresent(SecuritySpec.self, forKey: .security)
        restart = try values.decodeIfPresent(RestartPolicy.self, forKey: .restart)
        dependsOn = try values.decodeIfPresent([Dependency].self, forKey: .dependsOn)
        health = try values.decodeIfPresent(HealthSpec.self, forKey: .health)
        notify = try values.decodeIfPresent(NotifySpec.self, forKey: .notify)
        credentials = try values.decodeIfPresent([CredentialSpec].self, forKey: .credentials)
        listen = try values.decodeIfPresent([ListenSpec].self, forKey: .listen)
    }

    /// Throws `request.invalid` with the first thing that can't be.
    public func validate() throws(AgentError) {
        let problems: [(Bool, String)] = [
            (image.isEmpty, "image is empty: name an image, such as debian:bookworm"),
            (environment.contains { !$0.contains("=") || $0.hasPrefix("=") }, "environment entries are NAME=value"),
            (workingDirectory.map { !$0.hasPrefix("/") } ?? false, "working_directory must start with /"),
            (hostname.map { $0.isEmpty || $0.utf8.count > 64 } ?? false, "hostname has 1 to 64 characters"),
            (command?.first == "" || entrypoint?.first == "", "the program's name is empty"),
            (!(0...3600).contains(stopTimeout), "stop_timeout is 0 to 3600 seconds"),
            (everyText.contains { $0.utf8.contains(0) }, "texts must not hold a NUL character"),
        ]
        let listed = mounts?.lazy.compactMap(\.problem).first ?? ports?.lazy.compactMap(\.problem).first
        let found = problems.first { $0.0 }?.1 ?? limits.problem ?? listed ?? connectionProblem ?? lifeProblem
        if let found { throw AgentError(.requestInvalid, found) }
    }

    /// How it is connected, the first as `eth0`, the next as `eth1`.
    public var connections: [NetworkConnection] { networks ?? [NetworkConnection(network)] }

    private var connectionProblem: String? {
        if let networks {
            if networks.first?.network != network { return "the first of networks must be network, \"\(network)\"" }
            if Set(networks.map(\.network)).count < networks.count { return "a network is named twice in networks" }
            if networks.count > 1, let shared = networks.first(where: { $0.sharedContainer != nil }) {
                return "\(shared.network) can't be one of several networks"
            }
            if networks.count > 16 { return "a container has 16 networks at most" }
        }
        if dns != nil, connections.contains(where: { $0.sharedContainer != nil }) {
            return "a container that shares another's network looks up names as that does: leave out dns"
        }
        return connections.lazy.compactMap(\.problem).first ?? dns?.problem
    }

    private var everyText: [String] {
        (command ?? []) + (entrypoint ?? []) + environment
            + [image, workingDirectory ?? "", user ?? "", hostname ?? "", network]
            + (mounts ?? []).flatMap { [$0.source ?? "", $0.target] }
    }
}
