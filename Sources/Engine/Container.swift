internal import Linux
public import Model

/// A container in the agent's memory. It belongs to the engine and never leaves it.
///
/// `@unchecked Sendable`: made and touched by `Engine` alone, on its executor; others only hold the reference.
final class Container: @unchecked Sendable {
    let id: ContainerID
    var record: ContainerRecord
    var life: ContainerLife
    /// Whether its record is written: before that nobody may see it.
    var isMade = false
    var undo: [Undo] = []
    /// Whether the volumes that nobody named go with it.
    var takesVolumes: Bool
    /// The main process, held from its start to its end.
    var process: Pidfd?
    /// Counts the launches, so that the last words of an old monitor are not taken for the new one's.
    var run = 0
    /// What watches the monitors, by their run; dropping a watch ends it.
    var monitors: [Int: any MonitorControl] = [:]
    /// Those who wait for a monitor's word that they are attached.
    var attaching: [Int: Outcome<Descriptor?>] = [:]
    /// The output of one that removes itself, opened while it was surely there.
    var output: LogReader?
    /// Where the output of the present run goes.
    var log: Directory?
    var grace: (any Watch)?
    /// Programs beside the main process, of the present run, by their numbers, which count up over all runs.
    var execs: [Int: Exec] = [:]
    var lastExec = 0
    /// The rest before a start by itself.
    var rest: (any Watch)?
    /// How long whoever asked for the end of it waits after SIGKILL.
    var patience: (any Watch)?
    /// Whether the disk says that it shall run.
    var wish = false
    /// The signal that asks the program of the present run to end; `nil` when an earlier agent started it.
    var stopSignal: Signal?
    var launch = Launch.over(.success(()))
    var waiters: [Int: Waiter] = [:]
    /// Whether the program of the present run said READY=1; `nil` where it is not asked to.
    var ready: Bool?
    /// The program's last STATUS=.
    var message: String?
    /// What the probe of the present run found; `nil` without a probe.
    var health: HealthStatus?
    var healthWatch: HealthWatch?
    var notifyWatch: NotifyWatch?
    /// What came with the request for one that removes itself; another's lie in its home.
    var credentials: [String: [UInt8]] = [:]
    /// The sockets that it is handed at each start.
    var listeners: [Descriptor] = []
    /// While its files are copied at rest, which holds its turn.
    var breakCopyOff: (@Sendable () -> Void)?
    /// Whether it was paused when its health and its watchdog were last thought of.
    var stoodStill = false
    /// A probe is under way, or has been given up and still hangs.
    var probeHangs = false
    let turn = Turn()

    /// How far a launch is: nobody waits yet, `start` waits, or its outcome is known.
    enum Launch {
        case begun
        case awaited(CheckedContinuation<Void, any Error>)
        case over(Result<Void, any Error>)

        var hasFailed: Bool {
            if case .over(.failure) = self { true } else { false }
        }
    }

    /// Somebody who waits for the end; `patient`: however long it takes.
    struct Waiter {
        let isPatient: Bool
        let continuation: CheckedContinuation<ExitRecord, any Error>
    }

    init(record: ContainerRecord, state: ContainerLife.State = .created) {
        id = record.id
        self.record = record
        takesVolumes = record.spec.remove
        life = ContainerLife(
            state: state, removesItself: record.spec.remove, policy: record.spec.restart ?? RestartPolicy(.no),
            tally: record.tally ?? ContainerLife.Tally())
        wish = life.tally.wanted
    }

    /// The record as it is to be written.
    var present: ContainerRecord {
        var record = record
        if keepsTally { record.tally = life.tally }
        return record
    }

    /// Whether what somebody wished of it must outlive the agent and the host.
    var keepsTally: Bool { record.spec.restart.map { $0.name != .no } ?? false }

    var view: ContainerView {
        var status = ContainerStatus(phase: life.state.phase, createdAt: record.createdAt)
        status.pid = life.state.pid
        status.startedAt = record.startedAt
        status.exit = record.exit
        status.error = record.error
        (status.ready, status.message, status.health) = (ready, message, health)
        status.network = life.state.pid == nil ? nil : record.network
        status.restarts = life.tally.restarts > 0 ? life.tally.restarts : nil
        return ContainerView(
            id: id, spec: record.spec, status: status, image: record.image, labels: record.labels ?? record.spec.labels)
    }
}

/// A container as it is told to the doors.
public struct ContainerView: Sendable, Hashable {
    public var id: ContainerID
    public var spec: ContainerSpec
    public var status: ContainerStatus
    /// The image's id.
    public var image: String
    /// The image's labels, and the caller's over them.
    public var labels: [String: String]
}

/// What has to be taken back, last first. Pushed before its step begins: every one of them is idempotent and works for a
/// step that never happened, so a failure, an exit and a recovery after a crash walk the same list.
enum Undo: CaseIterable {
    case ids, runDirectory, network, rootfs, cgroup
}
