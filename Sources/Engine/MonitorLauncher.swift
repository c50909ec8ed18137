internal import LaunchPlan
public import Linux
internal import Model

/// Starts `davit-monitor` and listens to it.
///
/// Monitors are spawned from a thread whose mount namespace holds nothing of the host (docs/decisions/0001).
public struct MonitorLauncher: Launcher {
    /// Where a monitor keeps the agent's end of its control socket.
    private static let ownEnd: Int32 = 5

    private let program: Descriptor
    private let thread: PrivateMountThread
    private let hold: Descriptor
    private let reactor: any Reactor

    /// `program` is the monitor's executable, open; `hold` the cgroup that monitors live in. Needs CAP_SYS_ADMIN.
    public init(program: Descriptor, hold: Descriptor, reactor: any Reactor) throws(Errno) {
        self.program = program
        self.hold = hold
        self.reactor = reactor
        thread = try PrivateMountThread(minimal: true)
    }

    public func launch(
        _ order: LaunchOrder, report: @escaping @Sendable (MonitorReport) -> Void
    ) async throws -> any MonitorControl {
        let control = try SocketPair(.sequencedPackets)
        try control.a.setNonblocking(true)
        let plan = try MemoryFile.sealed(order.plan.encoded()).shared()
        // The monitor's own, then the plan's, as davit-monitor expects them from 3 on. Our end goes along, for `adopt`.
        let descriptors = [plan, control.b, control.a] + order.descriptors
        let process = try await thread.run(suspending: { [program, hold] () throws(Errno) in
            try Process.spawn(
                executable: program.rawValue, arguments: ["davit-monitor"], environment: [],
                descriptors: descriptors.map(\.rawValue), cgroup: hold.rawValue
            ).shared()
        })
        withExtendedLifetime(descriptors) {}
        do {
            return try MonitorLink(process: process, control: control.a, reactor: reactor, report)
        } catch {
            // Nobody would hear it. What it may have begun ends with the container's cgroup.
            try? process.send(signal: Signal.kill.number)
            _ = try? process.collect(wait: true)
            throw error
        }
    }

    public func adopt(
        _ run: RunDirectory, report: @escaping @Sendable (MonitorReport) -> Void
    ) throws -> Adopted? {
        guard let word = run.launched(), run.exitRecord() == nil,
            try Lock.isHeld(run.directory.open(RunDirectory.launchedName))
        else { return nil }
        let monitor = try Pidfd(pid: word.monitor)
        let process = try child(word.pid, of: word.monitor)
        // Still locked: the monitor lives, so its number was not given to another process before it was opened.
        guard try Lock.isHeld(run.directory.open(RunDirectory.launchedName)) else { return nil }
        // A host may forbid it (pidfd_getfd asks for the right to trace): then nobody can attach any more, and the
        // container lives on.
        let control = try? monitor.descriptor(Self.ownEnd)
        let link = try MonitorLink(process: monitor, control: control, reactor: reactor) { word in
            // What the agent before us did not hear any more, and we know.
            if case .launched = word { return }
            report(word)
        }
        return Adopted(pid: Int(word.pid), startedAt: word.time, process: process, watch: link)
    }

    /// `nil` when it has ended: a monitor takes its child's status first and tells of it when all output is written.
    /// Meanwhile the number may mean a stranger, who has another parent.
    private func child(_ pid: Int32, of parent: Int32) throws -> Pidfd? {
        let process: Pidfd
        do { process = try Pidfd(pid: pid) } catch {
            guard error == .noSuchProcess else { throw error }
            return nil
        }
        let status = try? Directory(path: "/proc/\(pid)").open("status").readAll(limit: 64 << 10)
        let lines = String(decoding: status ?? [], as: UTF8.self).split(separator: "\n")
        return lines.contains("PPid:\t\(parent)") ? process : nil
    }
}

/// The agent's end of a monitor's control socket.
///
/// `@unchecked Sendable`: made, called and dropped on the event loop alone.
private final class MonitorLink: MonitorControl, @unchecked Sendable {
    private let process: Pidfd
    /// `nil` when it could not be taken back.
    private let control: Descriptor?
    private let reactor: any Reactor
    private let report: @Sendable (MonitorReport) -> Void
    private var watch: (any Watch)?
    /// Added to every number: an answer to the agent before us is below it, and its copies are none of ours.
    private let base = Int(Clock.monotonic)

    init(
        process: Pidfd, control: Descriptor?, reactor: any Reactor,
        _ report: @escaping @Sendable (MonitorReport) -> Void
    ) throws {
        self.process = process
        self.control = control
        self.reactor = reactor
        self.report = report
        watch =
            if let control {
                try reactor.watch(control) { [weak self] in self?.listen() }
            } else {
                try reactor.watch(process.descriptor) { [weak self] in self?.collect() }
            }
    }

    var hears: Bool { control != nil }

    func attach(_ number: Int, output: [Descriptor]) { say(["attach", "\(base + number)"], output) }
    func detach(_ number: Int) { say(["detach", "\(number == 0 ? 0 : base + number)"]) }
    func resize(rows: UInt16, columns: UInt16) { say(["resize", "\(rows)", "\(columns)"]) }

    private func say(_ fields: [String], _ descriptors: [Descriptor] = []) {
        let bytes: [UInt8] = fields.flatMap { Array($0.utf8) + [0] }
        // A monitor that doesn't take it is about to end, and that is told.
        _ = try? control?.send(bytes, descriptors: descriptors.map(\.rawValue), wait: false)
        withExtendedLifetime(descriptors) {}
    }

    private func listen() {
        while let control {
            do {
                let (bytes, descriptors) = try control.receive(upTo: 4096, maxDescriptors: 1)
                guard !bytes.isEmpty else { return awaitEnd() }
                guard let word = MonitorReport(message: bytes, descriptors) else { continue }
                hear(word)
            } catch  where error == .wouldBlock {
                return
            } catch {
                return awaitEnd()
            }
        }
    }

    private func hear(_ word: MonitorReport) {
        guard case .attached(let number, let input) = word else { return report(word) }
        if number > base { report(.attached(number - base, input)) }
    }

    /// The socket closes just before the process is over; collecting it then keeps zombies away.
    private func awaitEnd() {
        watch = try? reactor.watch(process.descriptor) { [weak self] in self?.collect() }
        if watch == nil { collect() }
    }

    private func collect() {
        watch = nil
        _ = try? process.collect()
        report(.gone)
    }
}

extension MonitorReport {
    /// Reads a control message, NUL-ended fields: `launched PID`, `failed STEP ERRNO`, `exited STATUS SIGNAL OOM
    /// TIME`, `attached NUMBER`. `nil` for one that this agent doesn't know.
    init?(message: [UInt8], _ descriptors: [Descriptor]) {
        let fields = message.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let numbers = fields.dropFirst().map { Int64($0) }
        switch (fields.first, numbers.count) {
        case ("launched", 1...):
            guard let pid = numbers[0], let pidfd = descriptors.first else { return nil }
            self = .launched(pid: Int(pid), process: Pidfd(pidfd))
        case ("failed", 2...):
            guard let step = numbers[0], let errno = numbers[1] else { return nil }
            self = .failed(step: Int(step), errno: Errno(rawValue: Int32(truncatingIfNeeded: errno)))
        case ("exited", 4...):
            guard let time = numbers[3] else { return nil }
            self = .exited(
                ExitRecord(
                    status: numbers[0].map(Int.init), signal: numbers[1].map(Int.init), oom: fields[3] == "true",
                    time: time))
        case ("attached", 1...):
            guard let number = numbers[0] else { return nil }
            self = .attached(Int(number), descriptors.first)
        default: return nil
        }
    }
}
