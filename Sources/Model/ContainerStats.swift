/// What a running container uses, as the kernel counts it. A part whose controller this host lacks is absent.
public struct ContainerStats: Sendable, Hashable, Codable {
    public var container: ContainerID
    public var name: ContainerName?
    /// When it was read, nanoseconds since 1970.
    public var time: Int64
    public var cpu: CPU?
    public var memory: Memory?
    public var io: IO?
    public var pids: Pids?
    public var network: Network?

    /// Microseconds since the start.
    public struct CPU: Sendable, Hashable, Codable {
        public var usage: Int64
        public var user: Int64
        public var system: Int64
        /// How often and for how long `cpu.max` held it back.
        public var throttled: Int64?
        public var throttledTime: Int64?
        public var pressure: Pressure?

        public init(usage: Int64, user: Int64, system: Int64) {
            self.usage = usage
            self.user = user
            self.system = system
        }

        enum CodingKeys: String, CodingKey {
            case usage, user, system, throttled, pressure
            case throttledTime = "throttled_time"
        }
    }

    /// Bytes.
    public struct Memory: Sendable, Hashable, Codable {
        public var current: Int64
        public var peak: Int64?
        public var limit: Int64?
        /// Memory of programs, and of files that were read or written.
        public var anonymous: Int64?
        public var file: Int64?
        public var swap: Int64?
        /// How many processes the kernel killed for want of memory.
        public var oomKills: Int64?
        public var pressure: Pressure?

        public init(current: Int64) { self.current = current }

        enum CodingKeys: String, CodingKey {
            case current, peak, limit, anonymous, file, swap, pressure
            case oomKills = "oom_kills"
        }
    }

    /// Bytes and operations since the start, over all devices.
    public struct IO: Sendable, Hashable, Codable {
        public var readBytes: Int64
        public var writeBytes: Int64
        public var readOperations: Int64
        public var writeOperations: Int64
        public var pressure: Pressure?

        public init(readBytes: Int64, writeBytes: Int64, readOperations: Int64, writeOperations: Int64) {
            self.readBytes = readBytes
            self.writeBytes = writeBytes
            self.readOperations = readOperations
            self.writeOperations = writeOperations
        }

        enum CodingKeys: String, CodingKey {
            case pressure
            case readBytes = "read_bytes"
            case writeBytes = "write_bytes"
            case readOperations = "read_operations"
            case writeOperations = "write_operations"
        }
    }

    public struct Pids: Sendable, Hashable, Codable {
        public var current: Int64
        public var limit: Int64?

        public init(current: Int64, limit: Int64?) {
            self.current = current
            self.limit = limit
        }
    }

    /// Bytes and packets since the start, over all interfaces but the loopback.
    public struct Network: Sendable, Hashable, Codable {
        public var receivedBytes: Int64
        public var sentBytes: Int64
        public var receivedPackets: Int64
        public var sentPackets: Int64

        public init(receivedBytes: Int64, sentBytes: Int64, receivedPackets: Int64, sentPackets: Int64) {
            self.receivedBytes = receivedBytes
            self.sentBytes = sentBytes
            self.receivedPackets = receivedPackets
            self.sentPackets = sentPackets
        }

        enum CodingKeys: String, CodingKey {
            case receivedBytes = "received_bytes"
            case sentBytes = "sent_bytes"
            case receivedPackets = "received_packets"
            case sentPackets = "sent_packets"
        }
    }

    /// Pressure stall information: how much time tasks waited for it.
    public struct Pressure: Sendable, Hashable, Codable {
        /// Percent of the last 10 seconds in which some task, or all tasks, waited.
        public var some10: Double
        public var full10: Double
        /// Microseconds since the start.
        public var someTotal: Int64
        public var fullTotal: Int64

        public init(some10: Double, full10: Double, someTotal: Int64, fullTotal: Int64) {
            self.some10 = some10
            self.full10 = full10
            self.someTotal = someTotal
            self.fullTotal = fullTotal
        }

        enum CodingKeys: String, CodingKey {
            case some10 = "some_10"
            case full10 = "full_10"
            case someTotal = "some_total"
            case fullTotal = "full_total"
        }
    }

    public init(container: ContainerID, name: ContainerName?, time: Int64) {
        self.container = container
        self.name = name
        self.time = time
    }
}

/// A process of a container.
public struct ContainerProcess: Sendable, Hashable, Codable {
    /// As the container numbers it; `nil` when it is in none of the container's pid namespace.
    public var pid: Int?
    public var hostPID: Int
    public var parent: Int
    /// The effective user, as the host numbers it.
    public var user: Int
    /// One letter, as in proc(5).
    public var state: String
    public var threads: Int
    /// Resident bytes.
    public var memory: Int64
    /// Milliseconds of processor time.
    public var cpu: Int64
    /// When it began, nanoseconds since 1970.
    public var startedAt: Int64
    /// The name of the exec that it belongs to, such as `exec-1`; `nil` for the main process and its children.
    public var group: String?
    public var command: [String]

    public init(
        pid: Int?, hostPID: Int, parent: Int, user: Int, state: String, threads: Int, memory: Int64, cpu: Int64,
        startedAt: Int64, group: String?, command: [String]
    ) {
        self.pid = pid
        self.hostPID = hostPID
        self.parent = parent
        self.user = user
        self.state = state
        self.threads = threads
        self.memory = memory
        self.cpu = cpu
        self.startedAt = startedAt
        self.group = group
        self.command = command
    }

    enum CodingKeys: String, CodingKey {
        case pid, parent, user, state, threads, memory, cpu, group, command
        case hostPID = "host_pid"
        case startedAt = "started_at"
    }
}
