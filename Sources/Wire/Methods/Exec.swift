public import Model

/// One program beside a container's main process.
public struct ExecTarget: Sendable, Codable {
    /// Name, id, or the unique beginning of an id.
    public var container: String
    /// Its number in the container, as `exec.run` told it.
    public var exec: String

    public init(container: String, exec: String) {
        self.container = container
        self.exec = exec
    }
}

/// A program that was started in a running container, as the doors tell of it.
public struct ExecInfo: Sendable, Codable {
    public var exec: String
    public var container: ContainerID
    public var command: [String]
    /// Empty is root.
    public var user: String
    public var terminal: Bool
    /// As the host numbers it, while it runs.
    public var pid: Int?
    /// Nanoseconds since 1970.
    public var startedAt: Int64
    /// How it ended, when it has.
    public var exit: ExitRecord?

    enum CodingKeys: String, CodingKey {
        case exec, container, command, user, terminal, pid, exit
        case startedAt = "started_at"
    }

    public init(
        exec: String, container: ContainerID, command: [String], user: String, terminal: Bool, pid: Int?,
        startedAt: Int64, exit: ExitRecord?
    ) {
        self.exec = exec
        self.container = container
        self.command = command
        self.user = user
        self.terminal = terminal
        self.pid = pid
        self.startedAt = startedAt
        self.exit = exit
    }
}

/// Bytes that a program wrote. Exactly one of `text` and `base64` is there: `base64` where the bytes are not UTF-8.
public struct OutputChunk: Sendable, Codable {
    /// `stdout` or `stderr`; with a terminal all is `stdout`.
    public var stream: String
    public var text: String?
    public var base64: String?

    public init(stream: String, text: String?, base64: String?) {
        self.stream = stream
        self.text = text
        self.base64 = base64
    }
}

public enum ExecRun: Method {
    public static let name = "exec.run"
    public static let summary = "Start a program in a running container, and wait for its end unless detached."
    public static let changes = true
    public static let streams = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [
        .containerNotFound, .containerWrongState, .containerLaunchFailed, .containerCommandNotFound,
        .containerCommandNotExecutable, .containerUserNotFound, .requestInvalid, .streamTokenInvalid,
    ]
    public struct Params: Sendable, Codable {
        public var container: String
        /// The program, looked up in the container's own PATH, and its arguments.
        public var command: [String]
        /// `NAME=value`, added to the image's and the container's.
        public var environment: [String]?
        /// Default the container's.
        public var workingDirectory: String?
        /// Default the container's.
        public var user: String?
        /// Give it a terminal of this size. Unless detached, its other side comes with the first progress line.
        public var terminal: TerminalSize?
        /// With `stream`: what the connection brings is its input.
        public var interactive: Bool?
        /// Answer as soon as it runs; then it lives on when the connection goes. Else it ends with the connection.
        public var detach: Bool?
        /// The caller's own descriptors; bytes between them and the program never pass the agent.
        public var stdio: Stdio?
        /// Send its output as items, for clients without descriptors.
        public var output: Bool?
        /// Wait for a second connection that carries its bytes: see `stream.join`.
        public var stream: Bool?
        /// Without the container's walls.
        public var privileged: Bool?

        public init(container: String, command: [String]) {
            self.container = container
            self.command = command
        }

        enum CodingKeys: String, CodingKey {
            case container, command, environment, user, terminal, interactive, detach, stdio, output, stream
            case privileged
            case workingDirectory = "working_directory"
        }
    }
    public struct Result: Sendable, Codable {
        public var container: ContainerID
        public var exec: String
        /// How it ended; absent when detached.
        public var exit: ExitRecord?
        /// What a shell would show for `exit`.
        public var code: Int?

        public init(container: ContainerID, exec: String, exit: ExitRecord?) {
            self.container = container
            self.exec = exec
            self.exit = exit
            code = exit?.code
        }
    }
    public typealias Item = OutputChunk
}

public enum ExecList: Method {
    public static let name = "exec.list"
    public static let summary = "The programs beside a container's main process: those that run, the last that ended."
    public static let lane = Lane.quick
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound]
    public typealias Params = ContainerTarget
    public struct Result: Sendable, Codable {
        public var execs: [ExecInfo]

        public init(execs: [ExecInfo]) { self.execs = execs }
    }
}

public enum ExecGet: Method {
    public static let name = "exec.get"
    public static let summary = "One of them."
    public static let lane = Lane.quick
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .execNotFound]
    public typealias Params = ExecTarget
    public typealias Result = ExecInfo
}

public enum ExecWait: Method {
    public static let name = "exec.wait"
    public static let summary = "Answer when it has ended, at once if it has."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .execNotFound]
    public typealias Params = ExecTarget
    public typealias Result = ExecRun.Result
}

public enum ExecKill: Method {
    public static let name = "exec.kill"
    public static let summary = "Send a signal to its first process; KILL ends every process of it."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .execNotFound, .containerWrongState, .requestInvalid]
    public struct Params: Sendable, Codable {
        public var container: String
        public var exec: String
        /// A name with or without SIG, or a number; default KILL.
        public var signal: String?

        public init(container: String, exec: String, signal: String? = nil) {
            self.container = container
            self.exec = exec
            self.signal = signal
        }
    }
    public typealias Result = Done
}

public enum ExecResize: Method {
    public static let name = "exec.resize"
    public static let summary = "Tell its terminal a new size."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .execNotFound, .containerNoTerminal]
    public struct Params: Sendable, Codable {
        public var container: String
        public var exec: String
        public var terminal: TerminalSize

        public init(container: String, exec: String, terminal: TerminalSize) {
            self.container = container
            self.exec = exec
            self.terminal = terminal
        }
    }
    public typealias Result = Done
}

public enum StreamJoin: Method {
    public static let name = "stream.join"
    public static let summary =
        "Make this connection the streams of a program whose start waits for it; behind the result it is raw."
    public static let lane = Lane.quick
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.streamTokenInvalid, .requestInvalid]
    public struct Params: Sendable, Codable {
        /// From the progress line of the request that asked for a `stream`. Good once, for 30 seconds.
        public var token: String

        public init(token: String) { self.token = token }
    }
    public typealias Result = Done
}
