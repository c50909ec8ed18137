/// What the kernel's log tells of a kill for want of memory, in a line of its own since Linux 4.20:
/// `oom-kill:constraint=...,oom_memcg=/davit.slice/.../ID,task_memcg=/davit.slice/.../ID/exec-1,task=dd,pid=276,uid=524288`
struct MemoryKill: Hashable {
    /// The group of the killed process, relative to the container's.
    var cgroup: String
    /// The first 15 bytes of its name, or fewer.
    var victim: String

    init(cgroup: String, victim: String) { (self.cgroup, self.victim) = (cgroup, victim) }

    /// The last one in the group of this name, or below it.
    static func last(in log: [UInt8], group: String) -> MemoryKill? {
        log.split(separator: UInt8(ascii: "\n")).lazy.reversed()
            .compactMap { MemoryKill(line: String(decoding: $0, as: UTF8.self), group: group) }.first
    }

    private init?(line: String, group: String) {
        let fields = line.split(separator: ",")
        guard fields.first?.hasSuffix("oom-kill:constraint=CONSTRAINT_MEMCG") ?? false,
            let place = fields.firstIndex(where: { $0.hasPrefix("task_memcg=") }),
            // A name may hold anything, so it ends with the last of these words.
            let end = fields.lastIndex(where: { $0.hasPrefix("pid=") }), place + 1 < end,
            fields[place + 1].hasPrefix("task=")
        else { return nil }
        let path = fields[place].dropFirst("task_memcg=".count).split(separator: "/")
        guard let own = path.firstIndex(where: { $0 == group }) else { return nil }
        cgroup = path[(own + 1)...].joined(separator: "/")
        victim = String(fields[(place + 1)..<end].joined(separator: ",").dropFirst("task=".count))
    }
}
