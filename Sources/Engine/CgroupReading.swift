internal import Linux
internal import Model

/// What one cgroup says of itself.
struct CgroupReading {
    let group: Cgroup
    /// Those at work here: the files of others are not there to be looked for.
    let controllers: Set<String>

    func stats(into stats: inout ContainerStats) {
        stats.cpu = cpu
        if controllers.contains("memory") { stats.memory = memory }
        if controllers.contains("io") { stats.io = io }
        if controllers.contains("pids") {
            stats.pids = number("pids.current").map { .init(current: $0, limit: number("pids.max")) }
        }
    }

    private var cpu: ContainerStats.CPU? {
        let keys: [StaticString] = ["usage_usec", "user_usec", "system_usec", "nr_throttled", "throttled_usec"]
        guard let values = text("cpu.stat")?.values(keys), let usage = values[0] else { return nil }
        var cpu = ContainerStats.CPU(usage: usage, user: values[1] ?? 0, system: values[2] ?? 0)
        (cpu.throttled, cpu.throttledTime) = (values[3], values[4])
        cpu.pressure = pressure("cpu.pressure")
        return cpu
    }

    private var memory: ContainerStats.Memory? {
        guard let current = number("memory.current") else { return nil }
        var memory = ContainerStats.Memory(current: current)
        let parts = text("memory.stat")?.values(["anon", "file"]) ?? [nil, nil]
        (memory.anonymous, memory.file) = (parts[0], parts[1])
        memory.peak = number("memory.peak")
        memory.limit = number("memory.max")
        memory.swap = number("memory.swap.current")
        memory.oomKills = text("memory.events")?.values(["oom_kill"])[0]
        memory.pressure = pressure("memory.pressure")
        return memory
    }

    /// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, a line for each device.
    private var io: ContainerStats.IO? {
        guard let text = text("io.stat") else { return nil }
        var io = ContainerStats.IO(readBytes: 0, writeBytes: 0, readOperations: 0, writeOperations: 0)
        text.forEachLine { line in
            while let word = line.next() {
                guard let value = word.value?.number else { continue }
                if word.hasPrefix("rbytes=") { io.readBytes += value }
                if word.hasPrefix("wbytes=") { io.writeBytes += value }
                if word.hasPrefix("rios=") { io.readOperations += value }
                if word.hasPrefix("wios=") { io.writeOperations += value }
            }
        }
        io.pressure = pressure("io.pressure")
        return io
    }

    /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same of `full`.
    private func pressure(_ file: String) -> ContainerStats.Pressure? {
        guard let text = text(file) else { return nil }
        var pressure = ContainerStats.Pressure(some10: 0, full10: 0, someTotal: 0, fullTotal: 0)
        text.forEachLine { line in
            let isFull = line.next()?.equals("full") ?? false
            var (ten, total) = (0.0, Int64(0))
            while let word = line.next() {
                if word.hasPrefix("avg10="), let hundredths = word.value?.hundredths { ten = Double(hundredths) / 100 }
                if word.hasPrefix("total="), let number = word.value?.number { total = number }
            }
            if isFull {
                (pressure.full10, pressure.fullTotal) = (ten, total)
            } else {
                (pressure.some10, pressure.someTotal) = (ten, total)
            }
        }
        return pressure
    }

    private func number(_ file: String) -> Int64? { text(file)?.number }

    private func text(_ file: String) -> KernelText? { try? group.text(file) }
}

/// The counters of the network namespace that a process is in.
enum NetworkReading {
    static func stats(ofProcess pid: Int, proc: Directory) -> ContainerStats.Network? {
        guard let bytes = try? proc.open("\(pid)/net/dev").readAll(limit: 1 << 20) else { return nil }
        var sums = ContainerStats.Network(receivedBytes: 0, sentBytes: 0, receivedPackets: 0, sentPackets: 0)
        // Two lines of headings; then `eth0: bytes packets errs drop fifo frame compressed multicast bytes packets ...`.
        KernelText(bytes).forEachLine { line in
            guard let name = line.next(), !name.equals("lo:") else { return }
            let counters: [WritableKeyPath<ContainerStats.Network, Int64>?] = [
                \.receivedBytes, \.receivedPackets, nil, nil, nil, nil, nil, nil, \.sentBytes, \.sentPackets,
            ]
            for counter in counters {
                guard let number = line.next()?.number else { return }
                if let counter { sums[keyPath: counter] += number }
            }
        }
        return sums
    }
}
