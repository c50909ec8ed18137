import ArgumentParser
import Model

/// The limits that `run`, `create` and `update` know.
struct LimitValues: ParsableArguments {
    @Option(
        name: [.customShort("m", allowingJoined: true), .long],
        help: ArgumentHelp("Memory at most: bytes, or 512k, 64m, 1g.", valueName: "size"), transform: MemorySize.init)
    var memory: MemorySize?

    @Option(
        help: ArgumentHelp("Memory from which on the kernel slows it down.", valueName: "size"),
        transform: MemorySize.init)
    var memoryHigh: MemorySize?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Memory and swap together; -1 for any swap.", valueName: "size"))
    var memorySwap: String?

    @Option(
        name: [.long, .customLong("pids-limit")], parsing: .unconditional,
        help: ArgumentHelp("Processes and threads at most; -1 for any number.", valueName: "number"))
    var pids: Int64?

    @Option(help: ArgumentHelp("Processors at most, such as 1.5.", valueName: "number"))
    var cpus: Double?

    @Option(help: ArgumentHelp("Share of the processors, 1 to 10000; 100 is usual.", valueName: "weight"))
    var cpuWeight: Int?

    @Option(
        name: [.customShort("c", allowingJoined: true), .long],
        help: ArgumentHelp("The same as docker counts it, 2 to 262144; 1024 is usual.", valueName: "shares"))
    var cpuShares: Int?

    @Option(help: ArgumentHelp("Processors to run on, such as 0-3,5.", valueName: "list"))
    var cpusetCpus: String?

    @Option(help: ArgumentHelp("Memory nodes to use.", valueName: "list"))
    var cpusetMems: String?

    @Option(
        name: [.long, .customLong("blkio-weight")],
        help: ArgumentHelp("Share of the disks, 1 to 10000; 100 is usual.", valueName: "weight"))
    var ioWeight: Int?

    @Option(
        help: ArgumentHelp("Bytes a second read from a device.", valueName: "device:rate"), transform: DeviceRate.init)
    var deviceReadBps: [DeviceRate] = []

    @Option(
        help: ArgumentHelp("Bytes a second written to a device.", valueName: "device:rate"), transform: DeviceRate.init)
    var deviceWriteBps: [DeviceRate] = []

    @Option(
        help: ArgumentHelp("Reads a second from a device.", valueName: "device:rate"), transform: DeviceRate.init)
    var deviceReadIops: [DeviceRate] = []

    @Option(
        help: ArgumentHelp("Writes a second to a device.", valueName: "device:rate"), transform: DeviceRate.init)
    var deviceWriteIops: [DeviceRate] = []

    @Option(help: ArgumentHelp("Huge pages at most, such as 2MB=64m.", valueName: "page=size"))
    var hugepages: [String] = []

    /// What was said; throws a usage error.
    var limits: Limits {
        get throws {
            var limits = Limits(memory: memory?.bytes, pids: pids.flatMap { $0 <= 0 ? nil : $0 }, cpus: cpus)
            limits.memoryHigh = memoryHigh?.bytes
            limits.swap = try swap
            limits.cpuWeight = try cpuWeight ?? cpuShares.map(LimitValues.weight)
            limits.cpuset = cpusetCpus
            limits.cpusetMems = cpusetMems
            limits.ioWeight = ioWeight
            limits.io = io
            limits.hugepages = try pages
            return limits
        }
    }

    /// docker counts memory and swap together.
    private var swap: Int64? {
        get throws {
            guard let memorySwap else { return nil }
            guard memorySwap != "-1" else { return -1 }
            let total = try MemorySize(memorySwap).bytes
            guard let memory, total >= memory.bytes else {
                throw ValidationError("--memory-swap is memory and swap together: give --memory too, and no less")
            }
            return total - memory.bytes
        }
    }

    /// As runc and systemd turn shares (2 to 262144) into a weight (1 to 10000).
    private static func weight(shares: Int) throws -> Int {
        guard (2...262_144).contains(shares) else { throw ValidationError("--cpu-shares is 2 to 262144") }
        return 1 + (shares - 2) * 9999 / 262_142
    }

    private var io: [Limits.IOLimit]? {
        var found: [String: Limits.IOLimit] = [:]
        let kinds: [([DeviceRate], WritableKeyPath<Limits.IOLimit, Int64?>)] = [
            (deviceReadBps, \.readBytes), (deviceWriteBps, \.writeBytes), (deviceReadIops, \.readOperations),
            (deviceWriteIops, \.writeOperations),
        ]
        for (rates, key) in kinds {
            for rate in rates { found[rate.device, default: .init(device: rate.device)][keyPath: key] = rate.rate }
        }
        return found.isEmpty ? nil : found.values.sorted { $0.device < $1.device }
    }

    private var pages: [String: Int64]? {
        get throws {
            let pairs = try hugepages.map { text in
                let assignment = try Assignment(text)
                return (assignment.name, try MemorySize(assignment.value ?? "").bytes)
            }
            return pairs.isEmpty ? nil : Dictionary(pairs) { _, last in last }
        }
    }
}

/// `/dev/sda:1mb`, or `8:0:1mb`.
struct DeviceRate: Equatable {
    let device: String
    let rate: Int64

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else {
            throw ValidationError("\"\(text)\" is no rate of a device: write /dev/sda:1mb")
        }
        device = String(text[..<colon])
        rate = try MemorySize(String(text[text.index(after: colon)...])).bytes
    }
}

/// What `run` and `create` say of a container's limits and devices.
struct LimitOptions: ParsableArguments {
    @OptionGroup var values: LimitValues

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Let it use a device of the host, or a CDI device.", valueName: "source[:target][:rwm]"))
    var device: [String] = []

    func apply(to spec: inout ContainerSpec) throws {
        spec.limits = try values.limits
        spec.devices = device.isEmpty ? nil : try device.map(DeviceSpec.init(argument:))
    }
}

extension DeviceSpec {
    /// As docker has it: `/dev/fuse`, `/dev/fuse:/dev/x`, `/dev/fuse:/dev/x:r`, `/dev/fuse:r`, `vendor.com/class=name`.
    init(argument text: String) throws {
        guard text.hasPrefix("/") else {
            guard text.contains("="), text.contains("/") else {
                throw ValidationError("\"\(text)\" is no device: write /dev/NAME, or a CDI device vendor/class=name")
            }
            self.init(source: text)
            return
        }
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let access = parts.count > 1 && !parts[parts.count - 1].hasPrefix("/") ? parts.removeLast() : nil
        guard parts.count <= 2, access.map({ !$0.isEmpty && $0.allSatisfy("rwm".contains) }) ?? true else {
            throw ValidationError("\"\(text)\" is no device: write /dev/NAME[:/dev/NAME][:rwm]")
        }
        self.init(source: parts[0], target: parts.count > 1 ? parts[1] : nil, access: access)
    }
}
