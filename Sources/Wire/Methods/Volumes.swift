public import Model

/// A volume as the doors tell of it.
public struct VolumeInfo: Sendable, Codable {
    public var name: VolumeName
    /// Bytes at most; absent for as many as the disk has.
    public var size: Int64?
    public var labels: [String: String]
    /// Nobody chose its name.
    public var anonymous: Bool
    /// Nanoseconds since 1970.
    public var createdAt: Int64
    /// Those that have it, running or not.
    public var containers: [ContainerID]

    enum CodingKeys: String, CodingKey {
        case name, size, labels, anonymous, containers
        case createdAt = "created_at"
    }

    public init(_ volume: Volume, containers: [ContainerID]) {
        name = volume.name
        size = volume.size
        labels = volume.labels
        anonymous = volume.isAnonymous
        createdAt = volume.createdAt
        self.containers = containers
    }
}

public struct VolumeTarget: Sendable, Codable {
    public var volume: String

    public init(volume: String) { self.volume = volume }
}

public enum VolumeCreate: Method {
    public static let name = "volume.create"
    public static let summary = "Make an empty volume, or answer the one of that name."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.requestInvalid, .volumeExists, .limitUnavailable, .hostNoSpace]
    public struct Params: Sendable, Codable {
        /// 1 to 63 of `[a-zA-Z0-9_.-]`, starting with a letter or digit; without one it gets a random name.
        public var name: VolumeName?
        /// Bytes at most, 65536 or more; refused where the storage driver can't keep it.
        public var size: Int64?
        public var labels: [String: String]?

        public init(name: VolumeName? = nil, size: Int64? = nil, labels: [String: String]? = nil) {
            self.name = name
            self.size = size
            self.labels = labels
        }
    }
    public typealias Result = VolumeInfo
}

public enum VolumeList: Method {
    public static let name = "volume.list"
    public static let summary = "All volumes, by name."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var volumes: [VolumeInfo]

        public init(volumes: [VolumeInfo]) { self.volumes = volumes }
    }
}

public enum VolumeGet: Method {
    public static let name = "volume.get"
    public static let summary = "One volume."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.volumeNotFound]
    public typealias Params = VolumeTarget
    public typealias Result = VolumeInfo
}

public enum VolumeRemove: Method {
    public static let name = "volume.remove"
    public static let summary = "Remove a volume that no container has, with all that is in it."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.volumeNotFound, .volumeInUse]
    public typealias Params = VolumeTarget
    public typealias Result = Done
}

public enum VolumePrune: Method {
    public static let name = "volume.prune"
    public static let summary = "Remove the volumes that no container has: those without a name of their own, or all."
    public static let changes = true
    public static let right = Right.create
    public struct Params: Sendable, Codable {
        /// Also those that somebody named.
        public var all: Bool?

        public init(all: Bool? = nil) { self.all = all }
    }
    public struct Result: Sendable, Codable {
        public var removed: [VolumeName]

        public init(removed: [VolumeName]) { self.removed = removed }
    }
}
