import Drivers
import Model

extension Limits {
    /// The values to write in the container's cgroup.
    ///
    /// `memory.max` alone would let a container push the rest into swap, where it slows the whole host; so its swap is
    /// bounded to nothing where swap is accounted. An out-of-memory kill takes the whole container: half a program is
    /// worse than none, and its exit can be told.
    var cgroupSettings: [CgroupSetting] {
        let memorySettings = memory.map { bytes in
            [
                CgroupSetting(controller: "memory", file: "memory.max", value: "\(bytes)"),
                CgroupSetting(controller: "memory", file: "memory.swap.max", value: "0", required: false),
                CgroupSetting(controller: "memory", file: "memory.oom.group", value: "1", required: false),
            ]
        }
        let pidsSettings = pids.map { [CgroupSetting(controller: "pids", file: "pids.max", value: "\($0)")] }
        let cpuSettings = cpus.map { [CgroupSetting(controller: "cpu", file: "cpu.max", value: Self.quota($0))] }
        return (memorySettings ?? []) + (pidsSettings ?? []) + (cpuSettings ?? [])
    }

    /// `QUOTA PERIOD` in microseconds, with the kernel's own default period of 100 ms and its least quota of 1 ms.
    private static func quota(_ cpus: Double) -> String {
        let period = 100_000.0
        return "\(Int64(max(1000, (cpus * period).rounded()))) \(Int64(period))"
    }
}
