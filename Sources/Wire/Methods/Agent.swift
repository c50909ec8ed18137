public import Drivers
public import Model

public enum SystemInfo: Method {
    public static let name = "system.info"
    public static let summary = "The agent, its host and what it keeps."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var version: String
        public var pid: Int
        public var kernel: String
        public var architecture: String
        public var systemd: Bool
        /// The cgroup2 directory below which the containers are.
        public var cgroup: String
        /// Controllers that limits can be set with.
        public var controllers: [String]
        public var stateDirectory: String
        public var runDirectory: String
        public var containers: Int
        public var running: Int
        public var images: Int
        /// What isolation could not be had on this host, a line each.
        public var missing: [String]

        enum CodingKeys: String, CodingKey {
            case version, pid, kernel, architecture, systemd, cgroup, controllers, containers, running, images, missing
            case stateDirectory = "state_directory"
            case runDirectory = "run_directory"
        }

        public init(
            version: String, pid: Int, kernel: String, architecture: String, systemd: Bool, cgroup: String,
            controllers: [String], stateDirectory: String, runDirectory: String, containers: Int, running: Int,
            images: Int, missing: [String]
        ) {
            self.version = version
            self.pid = pid
            self.kernel = kernel
            self.architecture = architecture
            self.systemd = systemd
            self.cgroup = cgroup
            self.controllers = controllers
            self.stateDirectory = stateDirectory
            self.runDirectory = runDirectory
            self.containers = containers
            self.running = running
            self.images = images
            self.missing = missing
        }
    }
}

/// A driver as the doors tell of it.
public struct DriverInfo: Sendable, Codable {
    public var name: String
    /// `storage`, `network` or `isolation`.
    public var kind: String
    public var version: String
    public var path: String
    /// `ready`, `refused` or `unhealthy`.
    public var state: String
    /// Why it is not ready.
    public var error: AgentError?
    public var methods: [String]
    public var calls: Int
    public var timeouts: Int
    /// What the driver says of itself now; only where one was asked for.
    public var status: DriverStatus?

    public init(
        name: String, kind: String, version: String, path: String, state: String, error: AgentError?, methods: [String],
        calls: Int, timeouts: Int
    ) {
        self.name = name
        self.kind = kind
        self.version = version
        self.path = path
        self.state = state
        self.error = error
        self.methods = methods
        self.calls = calls
        self.timeouts = timeouts
    }
}

public enum DriverList: Method {
    public static let name = "driver.list"
    public static let summary = "All drivers, refused ones too, with the reason."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var drivers: [DriverInfo]

        public init(drivers: [DriverInfo]) { self.drivers = drivers }
    }
}

public enum DriverGet: Method {
    public static let name = "driver.get"
    public static let summary = "One driver, and what it says of itself now."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.driverNotFound]
    public struct Params: Sendable, Codable {
        public var kind: String
        public var name: String

        public init(kind: String, name: String) {
            self.kind = kind
            self.name = name
        }
    }
    public typealias Result = DriverInfo
}

public enum EventsSubscribe: Method {
    public static let name = "events.subscribe"
    public static let summary = "The present state if asked, then every change, with no hole between."
    public static let streams = true
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.eventsGap]
    public struct Params: Sendable, Codable {
        /// `now` (default), `oldest`, or the cursor after which to go on.
        public var from: String?
        /// First an item for each container as it is.
        public var snapshot: Bool?
        /// Only events of these kinds.
        public var kinds: [Event.Kind]?
        /// End after the events that are there, instead of waiting for more.
        public var once: Bool?

        public init(from: String? = nil, snapshot: Bool? = nil, kinds: [Event.Kind]? = nil, once: Bool? = nil) {
            self.from = from
            self.snapshot = snapshot
            self.kinds = kinds
            self.once = once
        }
    }
    public typealias Result = Done
    /// Exactly one of the three.
    public struct Item: Sendable, Codable {
        public var container: ContainerInfo?
        /// The state told so far is complete up to this cursor; what follows are changes.
        public var ready: Int64?
        public var event: Event?

        public init(container: ContainerInfo? = nil, ready: Int64? = nil, event: Event? = nil) {
            self.container = container
            self.ready = ready
            self.event = event
        }
    }
}

public enum DaemonReload: Method {
    public static let name = "daemon.reload"
    public static let summary = "Read the configuration again; a wrong one is refused and the old one stays."
    public static let changes = true
    public static let right = Right.admin
    public static let errors: [ErrorCode] = [.configInvalid]
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        /// Keys that take effect only at the next start.
        public var restartNeeded: [String]

        enum CodingKeys: String, CodingKey { case restartNeeded = "restart_needed" }

        public init(restartNeeded: [String]) { self.restartNeeded = restartNeeded }
    }
}
