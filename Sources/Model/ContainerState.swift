/// How a main process ended.
public struct ExitRecord: Sendable, Hashable, Codable {
    /// The program's own exit status, 0 to 255; `nil` when a signal ended it or nobody could know.
    public var status: Int?
    /// The number of the signal that ended it.
    public var signal: Int?
    /// The kernel's out-of-memory killer struck inside the container's cgroup (from `memory.events`, not guessed).
    public var oom: Bool
    /// When it ended, nanoseconds since 1970.
    public var time: Int64
    /// When it began, nanoseconds since 1970.
    public var startedAt: Int64?
    public var reason: ExitReason?
    /// What the kernel's out-of-memory killer did.
    public var memory: MemoryEnd?
    /// Names of the limits that were hit during the run, such as `pids.max`.
    public var limits: [String]?
    /// The last lines of the log, 10 at most.
    public var lastLines: [String]?
    /// What a driver or the agent has to say of it.
    public var message: String?

    enum CodingKeys: String, CodingKey {
        case status, signal, oom, time, reason, memory, limits, message
        case startedAt = "started_at"
        case lastLines = "last_lines"
    }

    public init(status: Int?, signal: Int?, oom: Bool, time: Int64) {
        self.status = status
        self.signal = signal
        self.oom = oom
        self.time = time
    }

    /// What a shell would show: the status, 128 + signal, or 255 when neither is known.
    public var code: Int { status ?? signal.map { 128 + $0 } ?? 255 }
}

/// In one word, why a main process ended.
public enum ExitReason: String, Sendable, Hashable, Codable, CaseIterable {
    /// By itself.
    case exited
    /// By a signal that the agent did not send.
    case signaled
    case oom
    /// By `container.stop`, with its own status or the stop signal.
    case stopped
    /// By `container.kill`, a forced removal, or after the grace time of a stop.
    case killed
    case unhealthy, watchdog
    /// Nobody saw it.
    case lost
}

/// An end for want of memory, from `memory.events`.
public struct MemoryEnd: Sendable, Hashable, Codable {
    /// The group whose processes were killed, relative to the container's: empty, or such as `exec-1`.
    public var cgroup: String
    /// The name of the process that was killed, 15 bytes at most, where the kernel's log still tells it.
    public var victim: String?
    /// Bytes; `nil` when the container has none of its own.
    public var limit: Int64?
    /// Bytes at most in use during the run.
    public var peak: Int64?
    /// How many processes were killed.
    public var kills: Int

    public init(cgroup: String, victim: String? = nil, limit: Int64? = nil, peak: Int64? = nil, kills: Int) {
        self.cgroup = cgroup
        self.victim = victim
        self.limit = limit
        self.peak = peak
        self.kills = kills
    }
}

/// Where a container stands, as told at the doors.
public enum ContainerPhase: String, Sendable, Hashable, Codable, CaseIterable {
    case created, starting, running, stopping, exited, failed, removing
    /// Every process of it stands still.
    case paused
    /// Ended, and to be started again after a pause.
    case restarting
    /// To be started when what it depends on is so far.
    case waiting
}

/// What is known of a container's run, apart from what it shall be.
public struct ContainerStatus: Sendable, Hashable, Codable {
    public var phase: ContainerPhase
    /// The main process, as the host numbers it.
    public var pid: Int?
    /// Nanoseconds since 1970.
    public var createdAt: Int64
    public var startedAt: Int64?
    public var exit: ExitRecord?
    /// Why it could not be started.
    public var error: AgentError?
    /// How often it was started again by its restart policy.
    public var restarts: Int?
    public var health: HealthStatus?
    /// Whether the program said READY=1, where it is asked to.
    public var ready: Bool?
    /// The program's last STATUS=.
    public var message: String?
    /// How it is connected, while it runs.
    public var network: NetworkStatus?

    enum CodingKeys: String, CodingKey {
        case phase, pid, exit, error, restarts, health, ready, message, network
        case createdAt = "created_at"
        case startedAt = "started_at"
    }

    public init(phase: ContainerPhase, createdAt: Int64) {
        self.phase = phase
        self.createdAt = createdAt
    }
}

/// How a running container is connected.
public struct NetworkStatus: Sendable, Hashable, Codable {
    /// Those of all connections, with their prefix length, such as `10.88.0.2/16`.
    public var addresses: [String]
    /// Each with its address and its port on the host.
    public var ports: [PortMapping]
    /// One for each network that gives addresses, the first first.
    public var connections: [ConnectionStatus]?

    public init(addresses: [String], ports: [PortMapping], connections: [ConnectionStatus]? = nil) {
        self.addresses = addresses
        self.ports = ports
        self.connections = connections
    }
}

/// How a running container is connected to one network.
public struct ConnectionStatus: Sendable, Hashable, Codable {
    public var network: String
    /// The link's name inside, such as `eth0`.
    public var interface: String
    /// With their prefix length.
    public var addresses: [String]
    public var gateways: [String]
    public var mac: String?

    public init(network: String, interface: String, addresses: [String], gateways: [String] = [], mac: String? = nil) {
        self.network = network
        self.interface = interface
        self.addresses = addresses
        self.gateways = gateways
        self.mac = mac
    }
}

/// What the health probe found.
public struct HealthStatus: Sendable, Hashable, Codable {
    public enum Word: String, Sendable, Hashable, Codable, CaseIterable {
        case starting, healthy, unhealthy
    }

    public var status: Word
    /// Failures in a row.
    public var failures: Int
    /// Why the last probe failed.
    public var message: String?
    /// When the last probe ended, nanoseconds since 1970.
    public var time: Int64?

    public init(status: Word, failures: Int = 0, message: String? = nil, time: Int64? = nil) {
        self.status = status
        self.failures = failures
        self.message = message
        self.time = time
    }
}
