/// What happens when a container's main process ends by itself.
public struct RestartPolicy: Sendable, Hashable, Codable {
    public enum Name: String, Sendable, Hashable, Codable, CaseIterable {
        case no, always
        case onFailure = "on-failure"
        case unlessStopped = "unless-stopped"
    }

    public var name: Name
    /// `on-failure`: give up after so many starts in a row that failed; `nil` is never.
    public var retries: Int?

    public init(_ name: Name, retries: Int? = nil) {
        self.name = name
        self.retries = retries
    }
}

/// Another container that must be so far before this one starts, and that stops after it.
public struct Dependency: Sendable, Hashable, Codable {
    public enum Condition: String, Sendable, Hashable, Codable, CaseIterable {
        case started, ready, healthy
    }

    /// Its name or id.
    public var container: String
    /// Default `started`.
    public var condition: Condition?

    public init(container: String, condition: Condition? = nil) {
        self.container = container
        self.condition = condition
    }
}

/// How to find out whether a container's program is well.
public struct HealthSpec: Sendable, Hashable, Codable {
    public enum Probe: String, Sendable, Hashable, Codable, CaseIterable {
        /// Not at all, whatever the image says.
        case none
        /// A program in the container that ends with 0.
        case command
        /// A TCP port that takes a connection.
        case tcp
        /// A GET that is answered 200 to 399.
        case http
        /// A Unix socket in the container that takes a connection.
        case unix
        /// A path in the container that is there.
        case file
    }

    public enum Action: String, Sendable, Hashable, Codable, CaseIterable {
        case none, restart, stop
    }

    public var probe: Probe
    public var command: [String]?
    /// `tcp`, `http`.
    public var port: Int?
    /// `http`: default `/`; `unix` and `file`: absolute.
    public var path: String?
    /// Seconds; defaults 30, 30, 0.
    public var interval: Double?
    public var timeout: Double?
    /// Seconds after the start in which a failure does not count.
    public var startPeriod: Double?
    /// So many failures in a row make it unhealthy; default 3.
    public var retries: Int?
    /// What to do when it becomes unhealthy; default `none`.
    public var action: Action?

    public init(_ probe: Probe) { self.probe = probe }

    enum CodingKeys: String, CodingKey {
        case probe, command, port, path, interval, timeout, retries, action
        case startPeriod = "start_period"
    }
}

/// sd_notify from inside the container.
public struct NotifySpec: Sendable, Hashable, Codable {
    /// Seconds within which `WATCHDOG=1` must come again; none: no watchdog.
    public var watchdog: Double?

    public init(watchdog: Double? = nil) { self.watchdog = watchdog }
}

/// A file with something secret, on a tmpfs of the container's own.
public struct CredentialSpec: Sendable, Hashable, Codable {
    /// A file name: it appears as `/run/credentials/davit/NAME` and `/run/secrets/NAME`.
    public var name: String
    /// An absolute path on the host, read at each start; or nothing, when its content came with the request.
    public var source: String?

    public init(name: String, source: String? = nil) {
        self.name = name
        self.source = source
    }
}

/// A socket that the agent opens and hands to the program (sd_listen_fds(3)).
public struct ListenSpec: Sendable, Hashable, Codable {
    /// `tcp:ADDRESS:PORT`, `udp:ADDRESS:PORT` or `unix:PATH`, all of the host.
    public var address: String
    /// For LISTEN_FDNAMES; default `davit`.
    public var name: String?

    public init(address: String, name: String? = nil) {
        self.address = address
        self.name = name
    }
}
