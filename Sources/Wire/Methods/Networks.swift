public import Model

/// A network as the doors tell of it: what it shall be and how it came to be, apart.
public struct NetworkInfo: Sendable, Codable {
    /// Can be given to `network.create` unchanged.
    public var spec: NetworkSpec
    public var state: NetworkState
    /// Nanoseconds since 1970; absent for one that is made on first use, or is always there.
    public var createdAt: Int64?
    /// Those that are or shall be connected to it, running or not.
    public var containers: [ContainerID]

    enum CodingKeys: String, CodingKey {
        case spec, state, containers
        case createdAt = "created_at"
    }

    public init(spec: NetworkSpec, state: NetworkState, createdAt: Int64?, containers: [ContainerID]) {
        self.spec = spec
        self.state = state
        self.createdAt = createdAt
        self.containers = containers
    }
}

public struct NetworkNamed: Sendable, Codable {
    public var network: String

    public init(network: String) { self.network = network }
}

public enum NetworkCreate: Method {
    public static let name = "network.create"
    public static let summary = "Make a network."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [
        .requestInvalid, .networkExists, .networkRefused, .networkExhausted, .driverNotFound,
    ]
    public typealias Params = NetworkSpec
    public typealias Result = NetworkInfo
}

public enum NetworkList: Method {
    public static let name = "network.list"
    public static let summary = "All networks, by name."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var networks: [NetworkInfo]

        public init(networks: [NetworkInfo]) { self.networks = networks }
    }
}

public enum NetworkGet: Method {
    public static let name = "network.get"
    public static let summary = "One network."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.networkNotFound]
    public typealias Params = NetworkNamed
    public typealias Result = NetworkInfo
}

public enum NetworkRemove: Method {
    public static let name = "network.remove"
    public static let summary = "Remove a network that no container is on."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.networkNotFound, .networkInUse, .networkRefused]
    public typealias Params = NetworkNamed
    public typealias Result = Done
}

public enum NetworkPrune: Method {
    public static let name = "network.prune"
    public static let summary = "Remove the networks that no container is on."
    public static let changes = true
    public static let right = Right.create
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var removed: [NetworkName]

        public init(removed: [NetworkName]) { self.removed = removed }
    }
}

public enum NetworkConnect: Method {
    public static let name = "network.connect"
    public static let summary = "Connect a container to one more network, at once where it runs."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [
        .containerNotFound, .networkNotFound, .networkInUse, .networkRefused, .networkExhausted, .addressInUse,
    ]
    public struct Params: Sendable, Codable {
        public var container: String
        public var connection: NetworkConnection

        public init(container: String, connection: NetworkConnection) {
            self.container = container
            self.connection = connection
        }
    }
    public typealias Result = ContainerInfo
}

public enum NetworkDisconnect: Method {
    public static let name = "network.disconnect"
    public static let summary = "Take a container off a network, at once where it runs."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .networkNotFound]
    public struct Params: Sendable, Codable {
        public var container: String
        public var network: String

        public init(container: String, network: String) {
            self.container = container
            self.network = network
        }
    }
    public typealias Result = ContainerInfo
}

public enum NetworkLimit: Method {
    public static let name = "network.limit"
    public static let summary =
        "Limit the bandwidth of a container, at once where it runs; what is left out has no limit."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .networkNotFound, .limitUnavailable]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Its first one, when left out.
        public var network: String?
        public var bandwidth: Bandwidth

        public init(container: String, network: String? = nil, bandwidth: Bandwidth) {
            self.container = container
            self.network = network
            self.bandwidth = bandwidth
        }
    }
    public typealias Result = ContainerInfo
}
