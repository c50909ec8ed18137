internal import JSON
internal import Linux
public import Model

/// What somebody wants to run in a container that runs already.
public struct ExecRequest: Sendable {
    public var command: [String]
    /// Added to the image's and the container's own.
    public var environment: [String] = []
    /// Default the container's own.
    public var workingDirectory: String?
    /// Default the container's own.
    public var user: String?
    /// Give it a terminal of its own as its three streams.
    public var terminal: TerminalSize?
    public var privileged = false
    /// Whether somebody stays with it: with their connection it ends.
    public var attached = false
    /// The agent's own look at the container: nobody is told of it and nobody remembers it.
    var isProbe = false

    public init(command: [String]) { self.command = command }

    func validate() throws(AgentError) {
        let problems: [(Bool, String)] = [
            (command.isEmpty || command[0].isEmpty, "command is empty: name a program"),
            (environment.contains { !$0.contains("=") || $0.hasPrefix("=") }, "environment entries are NAME=value"),
            (workingDirectory.map { !$0.hasPrefix("/") } ?? false, "working_directory must start with /"),
            (
                (command + environment + [workingDirectory ?? "", user ?? ""]).contains { $0.utf8.contains(0) },
                "texts must not hold a NUL character"
            ),
        ]
        if let found = problems.first(where: { $0.0 }) { throw AgentError(.requestInvalid, found.1) }
    }
}

/// A program that runs in a container beside its main process, or did.
///
/// `@unchecked Sendable`: made and touched by `Engine` alone, on its executor; others only hold the reference.
final class Exec: @unchecked Sendable {
    let container: ContainerID
    var record: ExecRecord
    /// Its first process and its group, from its start to its end.
    var pid: Int?
    var process: Pidfd?
    var group: Cgroup?
    var monitor: (any MonitorControl)?
    var attaching: [Int: Outcome<Descriptor?>] = [:]
    var isProbe = false
    /// Everything of it is to end, not only its first process.
    var isKilled = false
    let launch = Outcome<Void>()
    let end = Outcome<ExitRecord>()

    init(_ record: ExecRecord, in container: ContainerID) {
        self.record = record
        self.container = container
    }

    var number: Int { record.number }

    var view: ExecView {
        ExecView(
            number: number, container: container, command: record.command, user: record.user,
            terminal: record.terminal, pid: pid, startedAt: record.startedAt, exit: record.exit)
    }
}

/// What the ledger keeps of it, in `exec.json`, as long as its container runs.
struct ExecRecord: Sendable, Hashable, Codable {
    var number: Int
    var command: [String]
    var user: String
    var terminal: Bool
    /// Nanoseconds since 1970.
    var startedAt: Int64
    var exit: ExitRecord?

    enum CodingKeys: String, CodingKey {
        case number, command, user, terminal, exit
        case startedAt = "started_at"
    }
}

/// An exec as it is told to the doors.
public struct ExecView: Sendable, Hashable {
    public var number: Int
    public var container: ContainerID
    public var command: [String]
    public var user: String
    public var terminal: Bool
    /// As the host numbers it, while it runs.
    public var pid: Int?
    public var startedAt: Int64
    public var exit: ExitRecord?
}
