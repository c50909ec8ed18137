internal import JSON
internal import Model

/// What the ledger keeps of a container.
///
/// It lies in `container.json` in the container's home: below the state directory, or for one that removes itself below
/// the run directory, which is a tmpfs. While it runs, a copy lies in its run directory.
struct ContainerRecord: Sendable, Hashable, Codable {
    var id: ContainerID
    var spec: ContainerSpec
    /// The image's id, so that a moved tag does not change a container.
    var image: String
    /// The image's labels at the time of creation, and the caller's over them.
    var labels: [String: String]?
    /// How it is probed: as its spec says, or its image.
    var health: HealthSpec?
    var createdAt: Int64
    var startedAt: Int64?
    var exit: ExitRecord?
    var error: AgentError?
    /// How its restart policy stands; `nil` without one.
    var tally: ContainerLife.Tally?
    /// It was removed, but a process of it could not be killed yet.
    var isBuried: Bool?
    /// The host ids of the present run.
    var ids: IDRange?
    /// What the drivers wanted to remember of the present run.
    var rootfs: JSONValue?
    var connections: [ConnectionRecord]?
    /// How the present run is connected.
    var network: NetworkStatus?
    /// The anonymous volumes by their targets: those the spec asks for and those the image declares.
    var volumes: [String: VolumeName]?
    /// The ids of the images that the spec mounts, by their references, so that a moved tag does not change a container.
    var mountedImages: [String: String]?

    /// Whether the run that it tells of last has ended as it tells.
    var hasEnded: Bool { startedAt == nil || exit.map { $0.startedAt == nil || $0.startedAt == startedAt } ?? false }

    enum CodingKeys: String, CodingKey {
        case id, spec, image, labels, health, exit, error, tally, ids, rootfs, connections, network
        case volumes
        case mountedImages = "mounted_images"
        case createdAt = "created_at"
        case startedAt = "started_at"
        case isBuried = "is_buried"
    }
}

/// What a network driver wanted to remember of a container's connection.
struct ConnectionRecord: Sendable, Hashable, Codable {
    var network: NetworkName
    /// The link's name inside.
    var interface: String
    var handle: JSONValue
    /// What a container reads there where no name server of ours answers.
    var resolvConf: String?

    enum CodingKeys: String, CodingKey {
        case network, interface, handle
        case resolvConf = "resolv_conf"
    }
}
