public import JSON
public import Model

/// What the agent's configuration says of one driver. Every key is optional.
public struct DriverSettings: Sendable, Hashable, Codable {
    /// Where a driver's code runs.
    public enum Place: String, Sendable, Hashable, Codable, CaseIterable {
        /// In the agent's own process, on threads of its own.
        case agent
        /// In a `davit-driver-host` process of its own: a crash there fails the calls under way, and nothing else.
        case process
    }

    /// The driver's own configuration, as its manifest's `config_schema` describes it; default `{}`.
    public var config: JSONValue?
    /// Milliseconds that one call may take, 1 at least; default 30000.
    public var deadlineMilliseconds: Int?
    /// Default `agent`.
    public var run: Place?

    enum CodingKeys: String, CodingKey {
        case config, run
        case deadlineMilliseconds = "deadline_ms"
    }

    public init(config: JSONValue? = nil, deadlineMilliseconds: Int? = nil, run: Place? = nil) {
        self.config = config
        self.deadlineMilliseconds = deadlineMilliseconds
        self.run = run
    }

    var deadline: Duration { .milliseconds(max(1, deadlineMilliseconds ?? 30_000)) }
    var object: JSONValue { config ?? [:] }
}

/// How a `DriverHost` works.
public struct DriverHostConfiguration: Sendable {
    /// Settings by `KIND/NAME`, such as `storage/overlay`.
    public var drivers: [String: DriverSettings]
    /// The program that tries a driver out in a child process: `davit-driver-host`, or any whose main calls
    /// `DriverProbe.runIfAsked` first.
    public var probeProgram: String
    /// How long trying out may take before the driver is refused.
    public var probeDeadline: Duration
    /// The file that remembers which drivers were tried out well; `nil` tries each time.
    public var probeCache: String?

    public init(
        drivers: [String: DriverSettings] = [:], probeProgram: String = "/proc/self/exe",
        probeDeadline: Duration = .seconds(10), probeCache: String? = nil
    ) {
        self.drivers = drivers
        self.probeProgram = probeProgram
        self.probeDeadline = probeDeadline
        self.probeCache = probeCache
    }
}

/// Something that a driver said or that happened to it, for the agent's log and its events. A driver is named
/// `KIND/NAME`.
public enum DriverNotice: Sendable {
    /// `level` is syslog's.
    case log(driver: String, level: Int32, text: String)
    case event(driver: String, JSONValue)
    case unhealthy(driver: String, AgentError)
    case healthyAgain(driver: String)
}
