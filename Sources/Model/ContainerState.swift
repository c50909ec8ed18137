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

    public init(status: Int?, signal: Int?, oom: Bool, time: Int64) {
        self.status = status
        self.signal = signal
        self.oom = oom
        self.time = time
    }

    /// What a shell would show: the status, 128 + signal, or 255 when neither is known.
    public var code: Int { status ?? signal.map { 128 + $0 } ?? 255 }
}

/// Where a container stands, as told at the doors.
public enum ContainerPhase: String, Sendable, Hashable, Codable, CaseIterable {
    case created, starting, running, stopping, exited, failed, removing
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

    enum CodingKeys: String, CodingKey {
        case phase, pid, exit, error
        case createdAt = "created_at"
        case startedAt = "started_at"
    }

    public init(phase: ContainerPhase, createdAt: Int64) {
        self.phase = phase
        self.createdAt = createdAt
    }
}
