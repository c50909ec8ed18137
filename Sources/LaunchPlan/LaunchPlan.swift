/// All that `davit-monitor` does to start one container: a value that can be printed, tested and compared without root.
///
/// Descriptors are named by their index in the list that goes with the plan; index 0 is descriptor 6 of the monitor.
public struct LaunchPlan: Sendable {
    /// The namespaces the container's main process is born in.
    public var namespaces: Namespaces
    /// The cgroup the main process is born in; nil is the monitor's own.
    public var cgroup: Int?
    public var uidMap: [IDMap]
    public var gidMap: [IDMap]
    /// Be born into the namespaces of a running process instead of new ones.
    public var join: Join?
    /// Stay PID 1 and run the program as its child.
    public var initProcess = false
    public var stdio: Stdio
    /// The directory for `launched` and `exit`.
    public var run: Int
    /// Where relayed output is written; nil: nowhere.
    public var log: Log?
    /// What the child does, in this order.
    public var steps: [LaunchStep]

    public init(
        namespaces: Namespaces, cgroup: Int? = nil, uidMap: [IDMap] = [], gidMap: [IDMap] = [], stdio: Stdio = Stdio(),
        run: Int, log: Log? = nil, steps: [LaunchStep]
    ) {
        self.namespaces = namespaces
        self.cgroup = cgroup
        self.uidMap = uidMap
        self.gidMap = gidMap
        self.stdio = stdio
        self.run = run
        self.log = log
        self.steps = steps
    }
}

/// Kinds of namespaces: `CLONE_NEW*` of `<linux/sched.h>`.
public struct Namespaces: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let user = Namespaces(rawValue: 0x1000_0000)
    public static let mount = Namespaces(rawValue: 0x0002_0000)
    public static let pid = Namespaces(rawValue: 0x2000_0000)
    public static let network = Namespaces(rawValue: 0x4000_0000)
    public static let ipc = Namespaces(rawValue: 0x0800_0000)
    public static let uts = Namespaces(rawValue: 0x0400_0000)
    public static let cgroup = Namespaces(rawValue: 0x0200_0000)
    public static let all: Namespaces = [.user, .mount, .pid, .network, .ipc, .uts, .cgroup]
}

/// Namespaces that are there already.
public struct Join: Sendable {
    /// A pidfd of a process in them.
    public var process: Int
    public var namespaces: Namespaces

    public init(process: Int, namespaces: Namespaces) {
        self.process = process
        self.namespaces = namespaces
    }
}

/// A pseudoterminal of the container's own devpts: the program's three streams and its controlling terminal. The monitor
/// keeps the other side, logs and copies what comes out, and gives the agent that side when asked to attach.
public struct Terminal: Sendable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

/// `count` ids from `inside` in the container are those from `outside` on the host.
public struct IDMap: Sendable {
    public var inside: UInt32
    public var outside: UInt32
    public var count: UInt32

    public init(inside: UInt32, outside: UInt32, count: UInt32) {
        self.inside = inside
        self.outside = outside
        self.count = count
    }
}

/// The three standard streams of the main process.
public struct Stdio: Sendable {
    public enum Input: Sendable {
        case null
        case descriptor(Int)
        /// A pipe that stays open for those who attach later.
        case open
    }

    public enum Output: Sendable {
        case null
        /// The program writes into this descriptor itself.
        case descriptor(Int)
        /// The monitor makes a pipe, writes the log, and copies all bytes to a descriptor when there is one.
        case relay(copyTo: Int?)
    }

    /// Without a terminal what the program reads; with one, what the monitor writes to it.
    public var input: Input
    public var output: Output
    public var error: Output
    /// When there is one, it is all three streams; `output` says where the monitor copies what comes out.
    public var terminal: Terminal?
    /// Who owns the pipes, as the host numbers them: a program may open `/dev/stdout` only when its user does.
    public var owner: Owner

    public struct Owner: Sendable {
        public var uid: UInt32
        public var gid: UInt32

        public init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    public init(
        input: Input = .null, output: Output = .null, error: Output = .null, owner: Owner = Owner(uid: 0, gid: 0)
    ) {
        self.input = input
        self.output = output
        self.error = error
        self.owner = owner
    }
}

/// The log files `log`, `log.1`, `log.2`, ... in a directory, in the CRI line format.
public struct Log: Sendable {
    public var directory: Int
    /// A file is closed at the first line end past this many bytes.
    public var maxBytes: Int
    /// How many files are kept, with the one being written: 1 or more.
    public var files: Int

    public init(directory: Int, maxBytes: Int, files: Int) {
        self.directory = directory
        self.maxBytes = maxBytes
        self.files = files
    }
}

/// Why bytes or fields are no plan.
public enum PlanError: Error, Sendable {
    /// The text ends in the middle of a record.
    case truncated
    /// A record with a verb nobody knows, or fields that do not fit its verb. Counted from 0.
    case record(Int)
    /// A field holds a NUL byte, which would end it early.
    case nulByte(record: Int)
    /// There is no `run` record.
    case noRunDirectory
    /// A field is not UTF-8.
    case notText(record: Int)
}

#if !hasFeature(Embedded)
    extension LaunchPlan: Hashable {}
    extension Namespaces: Hashable {}
    extension IDMap: Hashable {}
    extension Join: Hashable {}
    extension Terminal: Hashable {}
    extension Stdio: Hashable {}
    extension Stdio.Input: Hashable {}
    extension Stdio.Output: Hashable {}
    extension Stdio.Owner: Hashable {}
    extension Log: Hashable {}
    extension PlanError: Hashable {}
#endif
