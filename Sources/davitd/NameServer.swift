internal import JSON
internal import Linux
internal import Model
internal import Systemd

/// Keeps the name server of the networks running: a process of its own that outlives the agent.
///
/// It lives with the monitors, so that stopping the agent's unit does not stop it; the next agent finds it by the lock
/// that it holds.
@Loop final class NameServer {
    private let program: Descriptor
    /// Where it is told everything.
    private let place: Directory
    private let cgroup: Descriptor
    private var process: Pidfd?
    private var watch: EventSource?
    private var timer: EventSource?
    private var isWanted = false

    init(program: Descriptor, run: Directory, cgroup: Descriptor) throws(Errno) {
        self.program = program
        place = try run.makeDirectories("names", mode: 0o755)
        self.cgroup = cgroup
    }

    /// From here on it runs. Idempotent.
    func run() {
        guard !isWanted else { return }
        isWanted = true
        begin()
    }

    private func begin() {
        do {
            let process = try present() ?? start()
            watch = try EventSource.io(process.descriptor.rawValue, [.readable]) { [weak self] _ in self?.ended() }
            self.process = process
        } catch {
            Journal.send("the name server of the networks could not be started: \(error)", .warning)
            again()
        }
    }

    private func ended() {
        watch = nil
        // One that an earlier agent started is not ours to reap.
        _ = try? process?.collect()
        process = nil
        Journal.send("the name server of the networks ended; it is started again", .warning)
        again()
    }

    private func again() {
        timer = try? EventSource.timer(afterMicroseconds: 1_000_000) { [weak self] in self?.begin() }
    }

    /// The one of an earlier agent, which holds the lock.
    private func present() throws -> Pidfd? {
        struct Status: Decodable { var pid: Int32 }
        guard let file = try? place.open("lock"), try Lock.isHeld(file) else { return nil }
        let text = try place.read("status.json", limit: 1 << 20)
        return try Pidfd(pid: JSONValue(parsing: text).decode(Status.self, unknownKeys: .ignore).pid)
    }

    private func start() throws -> Pidfd {
        try Process.spawn(
            executable: program.rawValue, arguments: ["davit-resolver", place.descriptor.currentPath()],
            environment: [], descriptors: [], standard: [-1, 2, 2], cgroup: cgroup.rawValue
        ).shared()
    }
}
