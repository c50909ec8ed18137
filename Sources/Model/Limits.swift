/// Upper bounds and shares; `nil` is none. A limit whose cgroup controller is missing is refused before anything starts.
public struct Limits: Sendable, Hashable, Codable {
    /// Bytes; 6 MiB at least (the smallest at which a program and its launch still fit).
    public var memory: Int64?
    /// Bytes from which on the kernel slows the container down and reclaims; `memory.high`.
    public var memoryHigh: Int64?
    /// Bytes of swap, -1 for any; default 0 with `memory`, so that a limit is one.
    public var swap: Int64?
    /// Processes and threads, 1 at least.
    public var pids: Int64?
    /// Whole and part processors, 0.01 at least; written as `cpu.max` with a period of 100 ms.
    public var cpus: Double?
    /// 1 to 10000, the kernel's default is 100; a share among those that want to run.
    public var cpuWeight: Int?
    /// Processors it may run on, as `0-3,5`.
    public var cpuset: String?
    /// Memory nodes it may use, as `0`.
    public var cpusetMems: String?
    /// 1 to 10000, the kernel's default is 100.
    public var ioWeight: Int?
    public var io: [IOLimit]?
    /// Bytes by size of the page, such as `2MB`.
    public var hugepages: [String: Int64]?

    /// Bounds for one block device.
    public struct IOLimit: Sendable, Hashable, Codable {
        /// `/dev/sda` or `8:0`.
        public var device: String
        /// Bytes a second.
        public var readBytes: Int64?
        public var writeBytes: Int64?
        /// Operations a second.
        public var readOperations: Int64?
        public var writeOperations: Int64?

        public init(device: String) { self.device = device }

        enum CodingKeys: String, CodingKey {
            case device
            case readBytes = "read_bytes"
            case writeBytes = "write_bytes"
            case readOperations = "read_operations"
            case writeOperations = "write_operations"
        }
    }

    public init(memory: Int64? = nil, pids: Int64? = nil, cpus: Double? = nil) {
        self.memory = memory
        self.pids = pids
        self.cpus = cpus
    }

    enum CodingKeys: String, CodingKey {
        case memory, swap, pids, cpus, cpuset, io, hugepages
        case memoryHigh = "memory_high"
        case cpuWeight = "cpu_weight"
        case cpusetMems = "cpuset_mems"
        case ioWeight = "io_weight"
    }

    /// What is wrong with them, for a person; `nil` when nothing is.
    public var problem: String? {
        let problems: [(Bool, String)] = [
            (memory.map { $0 < 6 << 20 } ?? false, "limits.memory is in bytes, 6 MiB (6291456) at least"),
            (memoryHigh.map { $0 < 1 << 20 } ?? false, "limits.memory_high is in bytes, 1 MiB (1048576) at least"),
            (swap.map { $0 < -1 } ?? false, "limits.swap is in bytes, or -1 for any"),
            (pids.map { $0 < 1 } ?? false, "limits.pids is 1 at least"),
            (cpus.map { !($0 >= 0.01 && $0 <= 4096) } ?? false, "limits.cpus is 0.01 to 4096"),
            (cpuWeight.map { !(1...10000).contains($0) } ?? false, "limits.cpu_weight is 1 to 10000"),
            (ioWeight.map { !(1...10000).contains($0) } ?? false, "limits.io_weight is 1 to 10000"),
            (!isList(cpuset), "limits.cpuset is a list such as 0-3,5"),
            (!isList(cpusetMems), "limits.cpuset_mems is a list such as 0-1"),
        ]
        return problems.first { $0.0 }?.1
    }

    /// Digits, commas and hyphens: nothing that could become a second line of a cgroup's file.
    private func isList(_ text: String?) -> Bool {
        guard let text else { return true }
        return !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2C || $0 == 0x2D }
    }
}

/// A bound of one process, as setrlimit(2) knows it.
public struct ResourceLimit: Sendable, Hashable, Codable {
    /// `nofile`, `nproc`, `core`, ...: the names of getrlimit(2) in small letters, without RLIMIT_.
    public var name: String
    /// -1 for no bound.
    public var soft: Int64
    /// -1 for no bound; not below `soft`.
    public var hard: Int64

    public init(name: String, soft: Int64, hard: Int64) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }

    /// The number of each name (asm-generic/resource.h).
    public static let names = [
        "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
        "msgqueue", "nice", "rtprio", "rttime",
    ]

    /// `RLIMIT_*`, `nil` for an unknown name.
    public var number: Int? { Self.names.firstIndex(of: name) }
}

/// A device of the host that a container may use.
public struct DeviceSpec: Sendable, Hashable, Codable {
    /// An absolute path on the host, or the name of a CDI device such as `vendor.com/class=name`.
    public var source: String
    /// Where it appears; default the same path.
    public var target: String?
    /// Some of `rwm`: read, write, make; default `rwm`.
    public var access: String?

    public init(source: String, target: String? = nil, access: String? = nil) {
        self.source = source
        self.target = target
        self.access = access
    }
}
