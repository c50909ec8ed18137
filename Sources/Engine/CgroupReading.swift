internal import Linux
internal import Model

/// What one cgroup says of itself. A file whose controller is not at work here is simply not there.
struct CgroupReading {
    let group: Cgroup

    func stats(into stats: inout ContainerStats) {
        stats.cpu = cpu
        stats.memory = memory
        stats.io = io
        stats.pids = number("pids.current").map { .init(current: $0, limit: number("pids.max")) }
    }

    private var cpu: ContainerStats.CPU? {
        guard let values = values("cpu.stat"), let usage = values["usage_usec"] else { return nil }
        var cpu = ContainerStats.CPU(
            usage: usage, user: values["user_usec"] ?? 0, system: values["system_usec"] ?? 0)
        cpu.throttled = values["nr_throttled"]
        cpu.throttledTime = values["throttled_usec"]
        cpu.pressure = pressure("cpu.pressure")
        return cpu
    }

    private var memory: ContainerStats.Memory? {
        guard let current = number("memory.current") else { return nil }
        var memory = ContainerStats.Memory(current: current)
        let parts = values("memory.stat")
        memory.peak = number("memory.peak")
        memory.limit = number("memory.max")
        memory.anonymous = parts?["anon"]
        memory.file = parts?["file"]
        memory.swap = number("memory.swap.current")
        memory.oomKills = values("memory.events")?["oom_kill"]
        memory.pressure = pressure("memory.pressure")
        return memory
    }

    /// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, a line for each device.
    private var io: ContainerStats.IO? {
        guard let text = text("io.stat") else { return nil }
        var sums: [Substring: Int64] = [:]
        for word in text.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=")
            if parts.count == 2, let value = Int64(parts[1]) { sums[parts[0], default: 0] += value }
        }
        var io = ContainerStats.IO(
            readBytes: sums["rbytes"] ?? 0, writeBytes: sums["wbytes"] ?? 0, readOperations: sums["rios"] ?? 0,
            writeOperations: sums["wios"] ?? 0)
        io.pressure = pressure("io.pressure")
        return io
    }

    /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same of `full`.
    private func pressure(_ file: String) -> ContainerStats.Pressure? {
        guard let text = text(file) else { return nil }
        var found: [Substring: (ten: Double, total: Int64)] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let kind = words.first, let total = words.last.flatMap({ Int64($0.dropFirst(6)) }) else { continue }
            let ten = words.dropFirst().first.flatMap { Double($0.dropFirst(6)) }
            found[kind] = (ten ?? 0, total)
        }
        guard let some = found["some"] else { return nil }
        let full = found["full"] ?? (0, 0)
        return .init(some10: some.ten, full10: full.ten, someTotal: some.total, fullTotal: full.total)
    }

    /// The number in a file of one; `nil` also for `max`.
    private func number(_ file: String) -> Int64? { text(file).flatMap { Int64($0) } }

    /// A flat keyed file.
    private func values(_ file: String) -> [Substring: Int64]? {
        guard let text = text(file) else { return nil }
        let pairs = text.split(separator: "\n").compactMap { line -> (Substring, Int64)? in
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Int64(words[1]) else { return nil }
            return (words[0], value)
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func text(_ file: String) -> String? { try? group.read(file) }
}

/// The counters of the network namespace that a process is in.
enum NetworkReading {
    static func stats(ofProcess pid: Int) -> ContainerStats.Network? {
        guard let bytes = try? Directory(path: "/proc/\(pid)/net").open("dev").readAll(limit: 1 << 20) else {
            return nil
        }
        var sums = ContainerStats.Network(receivedBytes: 0, sentBytes: 0, receivedPackets: 0, sentPackets: 0)
        // Two lines of headings; then `eth0: bytes packets errs drop fifo frame compressed multicast bytes packets ...`.
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst(2) {
            let parts = line.split(separator: ":", maxSplits: 1)
            let values = parts.last?.split(separator: " ").map { Int64($0) ?? 0 } ?? []
            guard parts.count == 2, values.count >= 10, parts[0].drop(while: { $0 == " " }) != "lo" else { continue }
            sums.receivedBytes += values[0]
            sums.receivedPackets += values[1]
            sums.sentBytes += values[8]
            sums.sentPackets += values[9]
        }
        return sums
    }
}
