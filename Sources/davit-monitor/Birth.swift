internal import CLinux
internal import LaunchPlanEmbedded

/// The container's main process.
struct Offspring {
    let pid: Int32
    let pidfd: Int32

    /// How it ended; nil when it has not.
    func collect() -> Exit? {
        var (code, status): (Int32, Int32) = (0, 0)
        guard unsafe davit_wait(pidfd, false, &code, &status) > 0 else { return nil }
        return code == 1 ? Exit(status: status) : Exit(signal: status)
    }
}

/// The parent's half of a launch: make the child, give it its ids and limits, let it go, hear how it went.
enum Birth {
    /// Returns when the child runs its program. When this throws there is no container.
    static func of(_ plan: LaunchPlan, _ streams: Streams) throws(Failure) -> Offspring {
        try joinNetwork(plan)
        let handshake = try Handshake()
        let child = try fork(plan, streams, handshake)
        streams.closeWriters()
        try writeMap("uid_map", plan.uidMap, child)
        try writeMap("gid_map", plan.gidMap, child)
        try setLimits(plan, child)
        handshake.letGo()
        guard let failure = handshake.failure() else { return child }
        var (code, status): (Int32, Int32) = (0, 0)
        _ = unsafe davit_wait(child.pidfd, true, &code, &status)
        throw failure
    }

    /// The child is born into the network namespace we are in: in its user namespace it could not enter the host's.
    private static func joinNetwork(_ plan: LaunchPlan) throws(Failure) {
        for (number, step) in plan.steps.enumerated() {
            guard case .joinNetwork(let index) = step else { continue }
            let result = davit_setns(Descriptors.ofPlan(index), Kernel.newNetwork)
            if result < 0 { throw Failure(number: 0 - result, step: number) }
        }
    }

    private static func fork(
        _ plan: LaunchPlan, _ streams: Streams, _ handshake: Handshake
    ) throws(Failure) -> Offspring {
        var pidfd: Int32 = -1
        let cgroup = plan.cgroup.map { Descriptors.ofPlan($0) } ?? -1
        let pid = try check(unsafe davit_fork(plan.namespaces.rawValue, cgroup, &pidfd))
        if pid == 0 { Child.live(plan, streams, handshake) }
        return Offspring(pid: pid, pidfd: pidfd)
    }

    private static func writeMap(_ name: StaticString, _ maps: [IDMap], _ child: Offspring) throws(Failure) {
        guard !maps.isEmpty else { return }
        var text = ""
        for map in maps { text += "\(map.inside) \(map.outside) \(map.count)\n" }
        let path = "/proc/\(child.pid)/\(name)"
        let file = try check(unsafe davit_openat(Kernel.workingDirectory, path, Kernel.writeOnly, 0))
        defer { _ = davit_close(file) }
        let bytes = [UInt8](text.utf8)
        try check(Int32(truncatingIfNeeded: unsafe davit_write(file, bytes, bytes.count)))
    }

    /// A container's root may not raise its hard limits, so we do.
    private static func setLimits(_ plan: LaunchPlan, _ child: Offspring) throws(Failure) {
        for (number, step) in plan.steps.enumerated() {
            guard case .resourceLimit(let resource, let soft, let hard) = step else { continue }
            let result = davit_limit(child.pid, Int32(truncatingIfNeeded: resource), soft, hard)
            if result < 0 { throw Failure(number: 0 - result, step: number) }
        }
    }
}

/// Two pipes between parent and child: one word to let the child go, one report when a step fails.
struct Handshake {
    private var gate: (reader: Int32, writer: Int32) = (-1, -1)
    private var report: (reader: Int32, writer: Int32) = (-1, -1)

    init() throws(Failure) {
        try check(unsafe davit_pipe(0, &gate.reader, &gate.writer))
        try check(unsafe davit_pipe(0, &report.reader, &report.writer))
    }

    /// Parent: the child may begin.
    func letGo() {
        var word: UInt8 = 1
        _ = unsafe davit_write(gate.writer, &word, 1)
        for end in [gate.reader, gate.writer, report.writer] { _ = davit_close(end) }
    }

    /// Parent: waits for the report; nil when the program runs, which closed the pipe.
    func failure() -> Failure? {
        var words: [Int32] = [0, 0]
        let got = unsafe davit_read(report.reader, &words, 8)
        _ = davit_close(report.reader)
        return got == 8 ? Failure(number: words[1], step: Int(words[0])) : nil
    }

    /// Child: waits to be let go. False: the parent is gone or has given up.
    func waitForGo() -> Bool {
        _ = davit_close(gate.writer)
        var word: UInt8 = 0
        return unsafe davit_read(gate.reader, &word, 1) == 1
    }

    /// Child: tells the parent what failed.
    func tell(_ failure: Failure) {
        let words = [Int32(truncatingIfNeeded: failure.step), failure.number]
        _ = unsafe davit_write(report.writer, words, 8)
    }
}
