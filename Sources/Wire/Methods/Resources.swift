public import Model

public enum ContainerUpdate: Method {
    public static let name = "container.update"
    public static let summary = "Change limits and the restart policy, of a running container at once; all or nothing."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [
        .containerNotFound, .limitUnavailable, .requestInvalid, .deviceNotFound,
    ]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Those that are given take the place of the present ones.
        public var limits: Limits?
        /// Names of limits that shall go.
        public var clear: [String]?
        public var restart: RestartPolicy?

        public init(
            container: String, limits: Limits? = nil, clear: [String]? = nil, restart: RestartPolicy? = nil
        ) {
            self.container = container
            self.limits = limits
            self.clear = clear
            self.restart = restart
        }
    }
    public typealias Result = ContainerInfo
}

public enum ContainerStatistics: Method {
    public static let name = "container.stats"
    public static let summary = "What running containers use; once, or as items at an interval."
    public static let streams = true
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .requestInvalid]
    public struct Params: Sendable, Codable {
        /// Default all that run.
        public var containers: [String]?
        /// Seconds between two readings, 0.1 at least; then every reading is an item, until the request is cancelled.
        public var interval: Double?

        public init(containers: [String]? = nil, interval: Double? = nil) {
            self.containers = containers
            self.interval = interval
        }
    }
    public struct Result: Sendable, Codable {
        public var stats: [ContainerStats]

        public init(stats: [ContainerStats]) { self.stats = stats }
    }
    public typealias Item = Result
}

public enum ContainerTop: Method {
    public static let name = "container.top"
    public static let summary = "The processes of a running container, oldest first."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState]
    public typealias Params = ContainerTarget
    public struct Result: Sendable, Codable {
        public var processes: [ContainerProcess]

        public init(processes: [ContainerProcess]) { self.processes = processes }
    }
}
