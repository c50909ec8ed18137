import Drivers
import Linux
import Model

extension Limits {
    /// The values to write in the group of a container that had the limits `old`.
    ///
    /// What `old` has more is set back to the kernel's default first, so that no order of the new values is in its way.
    /// Throws `device.not_found`.
    func cgroupSettings(replacing old: Limits) throws(AgentError) -> [CgroupSetting] {
        guard self != Limits() || old != Limits() else { return [] }
        let wanted = try settings
        let present = Set(wanted.map(\.place))
        // A device that is gone has no bounds to take back.
        let gone = ((try? old.settings) ?? []).filter { !present.contains($0.place) }
        return gone.compactMap(\.reset) + wanted
    }

    private var settings: [CgroupSetting] {
        get throws(AgentError) { try memorySettings + processorSettings + (io ?? []).reading(Self.bounds) + others }
    }

    /// `memory.max` alone would let a container push the rest into swap, where it slows the whole host; so its swap is
    /// bounded to nothing unless asked. An out-of-memory kill takes the whole container: half a program is worse than
    /// none, and its exit can be told.
    private var memorySettings: [CgroupSetting] {
        var settings: [CgroupSetting] = []
        if let memory {
            settings += [
                CgroupSetting(controller: "memory", file: "memory.max", value: "\(memory)"),
                CgroupSetting(controller: "memory", file: "memory.oom.group", value: "1", required: false),
            ]
        }
        if let memoryHigh {
            settings.append(CgroupSetting(controller: "memory", file: "memory.high", value: "\(memoryHigh)"))
        }
        if let swap = swap ?? memory.map({ _ in 0 }) {
            settings.append(
                CgroupSetting(
                    controller: "memory", file: "memory.swap.max", value: swap < 0 ? "max" : "\(swap)",
                    required: self.swap != nil))
        }
        return settings
    }

    private var processorSettings: [CgroupSetting] {
        let found: [(controller: String, file: String, value: String?)] = [
            ("pids", "pids.max", pids.map { "\($0)" }),
            ("cpu", "cpu.max", cpus.map(Self.quota)),
            ("cpu", "cpu.weight", cpuWeight.map { "\($0)" }),
            ("cpuset", "cpuset.cpus", cpuset),
            ("cpuset", "cpuset.mems", cpusetMems),
            ("io", "io.weight", ioWeight.map { "default \($0)" }),
        ]
        return found.compactMap { entry in
            entry.value.map { CgroupSetting(controller: entry.controller, file: entry.file, value: $0) }
        }
    }

    /// `max` alone strikes a program with SIGBUS at its first touch of a page too many, and lets it reserve those of
    /// everybody else. With `rsvd.max` its mmap fails.
    private var others: [CgroupSetting] {
        (hugepages ?? [:]).sorted { $0.key < $1.key }.flatMap { size, bytes in
            [
                CgroupSetting(controller: "hugetlb", file: "hugetlb.\(size).max", value: "\(bytes)"),
                CgroupSetting(
                    controller: "hugetlb", file: "hugetlb.\(size).rsvd.max", value: "\(bytes)", required: false),
            ]
        }
    }

    /// `QUOTA PERIOD` in microseconds, with the kernel's own default period of 100 ms and its least quota of 1 ms.
    private static func quota(_ cpus: Double) -> String {
        let period = 100_000.0
        return "\(Int64(max(1000, (cpus * period).rounded()))) \(Int64(period))"
    }

    /// `8:0 rbps=1048576`, for the kernel's `io.max`.
    private static func bounds(_ limit: IOLimit) throws(AgentError) -> CgroupSetting {
        let bounds = [
            ("rbps", limit.readBytes), ("wbps", limit.writeBytes), ("riops", limit.readOperations),
            ("wiops", limit.writeOperations),
        ]
        let words = bounds.compactMap { name, value in value.map { "\(name)=\($0)" } }
        let device = try BlockDevice.number(of: limit.device)
        return CgroupSetting(
            controller: "io", file: "io.max", value: ([device.description] + words).joined(separator: " "))
    }
}

extension [Limits.IOLimit] {
    fileprivate func reading(
        _ bounds: (Limits.IOLimit) throws(AgentError) -> CgroupSetting
    ) throws(AgentError) -> [CgroupSetting] {
        var found: [CgroupSetting] = []
        for limit in self { found.append(try bounds(limit)) }
        return found
    }
}

/// A block device as people name it.
private enum BlockDevice {
    /// Of `/dev/sda` or `8:0`.
    static func number(of text: String) throws(AgentError) -> DeviceNumber {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        if parts.count == 2, let major = parts[0], let minor = parts[1] {
            return DeviceNumber(major: major, minor: minor)
        }
        do {
            let file = try Directory(path: "/").open(text, .path)
            let status = try file.status()
            if status.kind == .blockDevice { return status.node }
        } catch {
            throw AgentError(.deviceNotFound, "there is no device \(text) to bound").caused(by: error)
        }
        throw AgentError(.deviceNotFound, "\(text) is no block device: name one such as /dev/sda or 8:0")
    }
}

extension CgroupSetting {
    /// What a value is for: a file, and in one of many devices the device.
    fileprivate var place: String {
        file == "io.max" ? file + " " + (value.split(separator: " ").first.map(String.init) ?? "") : file
    }

    /// The same place with the kernel's default.
    fileprivate var reset: CgroupSetting? {
        let defaults = [
            "memory.oom.group": "0", "cpu.max": "max 100000", "cpu.weight": "100", "cpuset.cpus": "\n",
            "cpuset.mems": "\n", "io.weight": "default 100",
        ]
        var setting = self
        setting.required = false
        setting.value = file == "io.max" ? "\(place.dropFirst(7)) rbps=max wbps=max riops=max wiops=max" : "max"
        setting.value = defaults[file] ?? setting.value
        return setting
    }
}
