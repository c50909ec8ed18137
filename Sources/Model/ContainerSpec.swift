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
    /// The name of a network: `none`, `host`.
    public var network: String
    public var readOnly: Bool
    /// Give the caller's first descriptor to the program as standard input; otherwise it reads /dev/null.
    public var interactive: Bool
    /// Remove the container, its log and its files when it ends. Such a container leaves nothing on a disk.
    public var remove: Bool
    public var limits: Limits
    /// Seconds between the stop signal and SIGKILL, 0 to 3600.
    public var stopTimeout: Int

    public init(image: String) {
        self.image = image
        environment = []
        labels = [:]
        network = "none"
        readOnly = false
        interactive = false
        remove = false
        limits = Limits()
        stopTimeout = 10
    }
}

/// Upper bounds; `nil` is none. A limit whose cgroup controller is missing is refused before anything starts.
public struct Limits: Sendable, Hashable, Codable {
    /// Bytes; 6 MiB at least (the smallest at which a program and its launch still fit).
    public var memory: Int64?
    /// Processes and threads, 1 at least.
    public var pids: Int64?
    /// Whole and part processors, 0.01 at least; written as `cpu.max` with a period of 100 ms.
    public var cpus: Double?

    public init(memory: Int64? = nil, pids: Int64? = nil, cpus: Double? = nil) {
        self.memory = memory
        self.pids = pids
        self.cpus = cpus
    }
}

extension ContainerSpec {
    enum CodingKeys: String, CodingKey {
        case image, name, command, entrypoint, environment, user, hostname, labels, network, interactive, remove, limits
        case workingDirectory = "working_directory"
        case readOnly = "read_only"
        case stopTimeout = "stop_timeout"
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
        network = try values.decodeIfPresent(String.self, forKey: .network) ?? network
        readOnly = try values.decodeIfPresent(Bool.self, forKey: .readOnly) ?? readOnly
        interactive = try values.decodeIfPresent(Bool.self, forKey: .interactive) ?? interactive
        remove = try values.decodeIfPresent(Bool.self, forKey: .remove) ?? remove
        limits = try values.decodeIfPresent(Limits.self, forKey: .limits) ?? limits
        stopTimeout = try values.decodeIfPresent(Int.self, forKey: .stopTimeout) ?? stopTimeout
    }

    /// Throws `request.invalid` with the first thing that can't be.
    public func validate() throws(AgentError) {
        let problems: [(Bool, String)] = [
            (image.isEmpty, "image is empty: name an image, such as debian:bookworm"),
            (environment.contains { !$0.contains("=") || $0.hasPrefix("=") }, "environment entries are NAME=value"),
            (workingDirectory.map { !$0.hasPrefix("/") } ?? false, "working_directory must start with /"),
            (hostname.map { $0.isEmpty || $0.utf8.count > 64 } ?? false, "hostname has 1 to 64 characters"),
            (command?.first == "" || entrypoint?.first == "", "the program's name is empty"),
            (limits.memory.map { $0 < 6 << 20 } ?? false, "limits.memory is in bytes, 6 MiB (6291456) at least"),
            (limits.pids.map { $0 < 1 } ?? false, "limits.pids is 1 at least"),
            (limits.cpus.map { !($0 >= 0.01 && $0 <= 4096) } ?? false, "limits.cpus is 0.01 to 4096"),
            (!(0...3600).contains(stopTimeout), "stop_timeout is 0 to 3600 seconds"),
            (everyText.contains { $0.utf8.contains(0) }, "texts must not hold a NUL character"),
        ]
        for (wrong, message) in problems where wrong { throw AgentError(.requestInvalid, message) }
    }

    private var everyText: [String] {
        (command ?? []) + (entrypoint ?? []) + environment
            + [image, workingDirectory ?? "", user ?? "", hostname ?? "", network]
    }
}
