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
    static func of(_ plan: LaunchPlan, _ streams: inout Streams) throws(Failure) -> Offspring {
        try joinNetwork(plan)
        try joinProcesses(plan)
        let handshake = try Handshake(withTerminal: plan.stdio.terminal != nil)
        let child = try fork(plan, streams, handshake)
        streams.closeTheirs()
        try writeMap("uid_map", plan.uidMap, child)
        try writeMap("gid_map", plan.gidMap, child)
        try setLimits(plan, child)
        handshake.letGo()
        guard let failure = handshake.failure() else {
            streams.master = handshake.terminal()
            return child
        }
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

    /// Only a fork enters a pid namespace; the others are entered by the child itself.
    private static func joinProcesses(_ plan: LaunchPlan) throws(Failure) {
        guard let join = plan.join, join.namespaces.contains(.pid) else { return }
        let pid = Int32(truncatingIfNeeded: Namespaces.pid.rawValue)
        try check(davit_setns(Descriptors.ofPlan(join.process), pid))
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
        try write(text, to: name, of: child)
    }

    /// A container's root may not raise its hard limits, so we do.
    private static func setLimits(_ plan: LaunchPlan, _ child: Offspring) throws(Failure) {
        for (number, step) in plan.steps.enumerated() {
            switch step {
            case .resourceLimit(let resource, let soft, let hard):
                let result = davit_limit(child.pid, Int32(truncatingIfNeeded: resource), soft, hard)
                if result < 0 { throw Failure(number: 0 - result, step: number) }
            case .oomScore(let score):
                do throws(Failure) { try write("\(score)", to: "oom_score_adj", of: child) } catch {
                    throw Failure(number: error.number, step: number)
                }
            default: break
            }
        }
    }

    private static func write(_ text: String, to name: StaticString, of child: Offspring) throws(Failure) {
        let file = try check(
            unsafe davit_openat(Kernel.workingDirectory, "/proc/\(child.pid)/\(name)", Kernel.writeOnly, 0))
        defer { _ = davit_close(file) }
        let bytes = [UInt8](text.utf8)
        try check(Int32(truncatingIfNeeded: unsafe davit_write(file, bytes, bytes.count)))
    }
}

/// Two pipes between parent and child: one word to let the child go, one report when a step fails. And a socket for a
/// terminal, where there is to be one.
struct Handshake {
    private var gate: (reader: Int32, writer: Int32) = (-1, -1)
    private var report: (reader: Int32, writer: Int32) = (-1, -1)
    private var handover: (receiver: Int32, sender: Int32) = (-1, -1)

    init(withTerminal: Bool) throws(Failure) {
        // SOCK_SEQPACKET
        if withTerminal { try check(unsafe davit_socket_pair(5, &handover.receiver, &handover.sender)) }
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

    /// Parent: the terminal's other side, when the program runs; -1 where there is none.
    func terminal() -> Int32 {
        guard handover.receiver >= 0 else { return -1 }
        var (byte, terminal, count): (UInt8, Int32, Int) = (0, -1, 0)
        _ = unsafe davit_receive(handover.receiver, &byte, 1, &terminal, 1, &count)
        for end in [handover.receiver, handover.sender] { _ = davit_close(end) }
        return count == 1 ? terminal : -1
    }

    /// Child: gives the terminal's other side to the parent.
    func send(terminal: Int32) throws(Failure) {
        let (byte, terminals) = ([UInt8(1)], [terminal])
        try check(Int32(truncatingIfNeeded: unsafe davit_send(handover.sender, byte, 1, terminals, 1, true)))
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
