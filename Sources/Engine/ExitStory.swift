internal import Linux
internal import Model

/// What the kernel and the log have to tell of a run, read when it has ended and its cgroup is still there.
struct ExitStory {
    /// What the groups have files of.
    let controllers: Set<String>
    let group: Cgroup?
    let log: Directory?
    /// The sizes of huge pages that it has limits of.
    var pageSizes: [String] = []
    /// The name of its group, and where the kernel tells whom it killed.
    var name = ""
    var kernelLog: () -> [UInt8] = { [] }

    func complete(_ record: inout ExitRecord) {
        if let group, controllers.contains("memory") { readMemory(of: group, into: &record) }
        if let group, controllers.contains("pids") { readProcesses(of: group, into: &record) }
        if let group { readPages(of: group, into: &record) }
        record.lastLines = log.flatMap(Self.lastLines)
    }

    // MARK: Limits

    private func readMemory(of group: Cgroup, into record: inout ExitRecord) {
        let events = group.numbers("memory.events")
        if events["max", default: 0] > 0 { record.hit("memory.max") }
        if events["high", default: 0] > 0 { record.hit("memory.high") }
        let kills = Int(clamping: events["oom_kill", default: 0])
        guard kills > 0 else { return }
        if group.numbers("memory.swap.events")["fail", default: 0] > 0 { record.hit("memory.swap.max") }
        record.oom = true
        let kill = MemoryKill.last(in: kernelLog(), group: name)
        record.memory = MemoryEnd(
            cgroup: kill?.cgroup ?? struck(in: group), victim: kill?.victim, limit: group.size("memory.max"),
            peak: group.size("memory.peak"), kills: kills)
    }

    /// The group below that lost most processes; the container's own where there is none.
    private func struck(in group: Cgroup) -> String {
        let names = (try? group.children()) ?? []
        let kills = names.map { name in
            let inner = try? group.existing(name)
            return (name: name, count: inner?.numbers("memory.events")["oom_kill"] ?? 0)
        }
        guard let most = kills.max(by: { $0.count < $1.count }), most.count > 0 else { return "" }
        return most.name
    }

    /// Older kernels count in the group that forked, newer ones in the one whose limit it was.
    private func readProcesses(of group: Cgroup, into record: inout ExitRecord) {
        guard group.size("pids.max") != nil else { return }
        let inner = ((try? group.children()) ?? []).compactMap { try? group.existing($0) }
        if ([group] + inner).contains(where: { $0.numbers("pids.events")["max", default: 0] > 0 }) {
            record.hit("pids.max")
        }
    }

    private func readPages(of group: Cgroup, into record: inout ExitRecord) {
        for size in pageSizes where group.numbers("hugetlb.\(size).events")["max", default: 0] > 0 {
            record.hit("hugetlb.\(size).max")
        }
    }

    // MARK: The log

    /// At most ten, and 4 KiB of text.
    static func lastLines(of log: Directory) -> [String]? {
        let names = ["log", "log.1"]
        for name in names {
            guard let file = try? log.open(name, .noFollow), let size = try? file.status().size, size > 0 else {
                continue
            }
            // Each line of the file begins with its time and its stream.
            let start = max(0, size - 8192)
            guard let bytes = try? file.read(at: start, upTo: Int(size - start)) else { return nil }
            return lines(in: bytes)
        }
        return nil
    }

    static func lines(in bytes: [UInt8]) -> [String]? {
        let entries = bytes.split(separator: 0x0A).suffix(10).compactMap { LogEntry(line: $0) }
        var room = 4096
        var lines: [String] = []
        for entry in entries.reversed() where room > 0 {
            // The protocol has no NUL.
            let bytes = entry.bytes.prefix(room).map { $0 == 0 ? UInt8(ascii: "?") : $0 }
            lines.insert(String(decoding: bytes, as: UTF8.self), at: 0)
            room -= entry.bytes.count
        }
        return lines.isEmpty ? nil : lines
    }
}

extension Engine {
    /// The end as the monitor told it, with all that can be known of it.
    func story(of record: ExitRecord, _ container: Container) -> ExitRecord {
        var record = record
        record.startedAt = container.record.startedAt
        let log = container.log ?? (try? parts.ledger.logDirectory(of: container.record))
        let sizes = container.record.spec.limits.hugepages?.keys.sorted() ?? []
        let hasLimits = !parts.cgroups.controllers.isDisjoint(with: ["memory", "pids"]) || !sizes.isEmpty
        let group = hasLimits ? parts.cgroups.group(of: container.id) : nil
        var story = ExitStory(controllers: parts.cgroups.controllers, group: group, log: log)
        story.pageSizes = sizes
        story.name = container.id.description
        // Room for some kills: each tells of every process of its group.
        story.kernelLog = { (try? KernelLog.tail(upTo: 128 << 10)) ?? [] }
        story.complete(&record)
        record.reason = container.life.reason(of: record)
        if record.reason == .lost, record.message == nil {
            record.message = "its monitor was killed, so nobody saw how it ended"
        }
        return record
    }
}

extension ExitRecord {
    fileprivate mutating func hit(_ limit: String) { limits = (limits ?? []) + [limit] }
}

extension Cgroup {
    /// A flat keyed file, such as `memory.events`; empty when it is not there.
    func numbers(_ file: String) -> [Substring: Int64] {
        guard let text = try? read(file) else { return [:] }
        return text.split(separator: "\n").reduce(into: [:]) { found, line in
            let words = line.split(separator: " ")
            if words.count == 2, let number = Int64(words[1]) { found[words[0]] = number }
        }
    }

    /// A file with one number; `nil` for `max`.
    func size(_ file: String) -> Int64? { (try? read(file)).flatMap { Int64($0) } }
}
