/// Files that outlive the containers that use them.
public struct Volume: Sendable, Hashable, Codable {
    public var name: VolumeName
    /// Bytes at most; absent for as many as the disk has.
    public var size: Int64?
    public var labels: [String: String]
    /// Nobody chose its name.
    public var isAnonymous: Bool
    /// The container that it ends with.
    public var owner: ContainerID?
    /// Nanoseconds since 1970.
    public var createdAt: Int64

    public init(
        name: VolumeName, size: Int64?, labels: [String: String], isAnonymous: Bool, owner: ContainerID?,
        createdAt: Int64
    ) {
        self.name = name
        self.size = size
        self.labels = labels
        self.isAnonymous = isAnonymous
        self.owner = owner
        self.createdAt = createdAt
    }

    enum CodingKeys: String, CodingKey {
        case name, size, labels, owner
        case isAnonymous = "anonymous"
        case createdAt = "created_at"
    }
}
