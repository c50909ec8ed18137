public import Model

/// A container by id, unique beginning of an id, or name.
public struct ContainerTarget: Sendable, Codable {
    public var container: String

    public init(container: String) { self.container = container }
}

/// A container as the doors tell of it: what it shall be and how it stands, apart.
public struct ContainerInfo: Sendable, Codable {
    public var id: ContainerID
    /// Can be given to `container.create` unchanged.
    public var spec: ContainerSpec
    public var state: ContainerStatus
    /// The image's id at the time of creation.
    public var image: String
    /// The image's labels at the time of creation, and the spec's over them.
    public var labels: [String: String]?

    public init(
        id: ContainerID, spec: ContainerSpec, state: ContainerStatus, image: String, labels: [String: String]? = nil
    ) {
        self.id = id
        self.spec = spec
        self.state = state
        self.image = image
        self.labels = labels
    }
}

/// Nothing to say but that it was done.
public struct Done: Sendable, Codable {
    public init() {}
}

/// Where the program's standard streams come from and go to: indexes of the descriptors that came with the line.
public struct Stdio: Sendable, Codable {
    public var stdin: Int?
    public var stdout: Int?
    public var stderr: Int?

    public init(stdin: Int? = nil, stdout: Int? = nil, stderr: Int? = nil) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
    }
}

public enum ContainerCreate: Method {
    public static let name = "container.create"
    public static let summary = "Make a container without starting it."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [
        .imageNotFound, .containerNameInUse, .requestInvalid, .credentialMissing, .dependencyFailed,
    ]
    public typealias Result = ContainerInfo
}

public enum ContainerStart: Method {
    public static let name = "container.start"
    public static let summary = "Start a container that is created or has ended; its streams go to the log."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [
        .containerNotFound, .containerWrongState, .containerLaunchFailed, .containerCommandNotFound,
        .containerCommandNotExecutable, .containerUserNotFound, .limitUnavailable, .dependencyFailed,
    ]
    public struct Params: Sendable, Codable {
        public var container: String
        public var stdio: Stdio?
        /// The window of its terminal, where it was made with one.
        public var terminalSize: TerminalSize?
        /// Answer when it has ended. Till then its terminal's other side, or what its input can be written to, is the
        /// caller's: it comes with the progress line.
        public var attach: Bool?

        public init(
            container: String, stdio: Stdio? = nil, terminalSize: TerminalSize? = nil, attach: Bool? = nil
        ) {
            self.container = container
            self.stdio = stdio
            self.terminalSize = terminalSize
            self.attach = attach
        }

        enum CodingKeys: String, CodingKey {
            case container, stdio, attach
            case terminalSize = "terminal_size"
        }
    }
    public typealias Result = ContainerInfo
}

public enum ContainerRun: Method {
    public static let name = "container.run"
    public static let summary = "Create and start a container, and wait for its end unless detached."
    public static let changes = true
    public static let streams = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = ContainerCreate.errors + ContainerStart.errors
    /// Every key of `container.create`, and these beside them.
    public struct Params: Sendable, Codable {
        public var spec: ContainerSpec
        /// Answer as soon as the program runs.
        public var detach: Bool
        /// The caller's own descriptors; bytes between them and the program never pass the agent.
        public var stdio: Stdio?
        /// Send the program's output as items, for clients without descriptors.
        public var output: Bool
        /// The window of its terminal, where it gets one. Unless detached, the other side comes with a progress line.
        public var terminalSize: TerminalSize?
        /// Wait for a second connection that carries its bytes: see `stream.join`.
        public var stream: Bool?

        /// See ``ContainerCreate/Params``.
        public var credentialContents: [CredentialContent]?

        public init(
            spec: ContainerSpec, detach: Bool = false, stdio: Stdio? = nil, output: Bool = false,
            terminalSize: TerminalSize? = nil, credentialContents: [CredentialContent]? = nil
        ) {
            self.spec = spec
            self.credentialContents = credentialContents
            self.detach = detach
            self.stdio = stdio
            self.output = output
            self.terminalSize = terminalSize
        }

        enum CodingKeys: String, CodingKey {
            case detach, stdio, output, stream
            case terminalSize = "terminal_size"
            case credentialContents = "credential_contents"
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            spec = try ContainerSpec(from: decoder)
            detach = try values.decodeIfPresent(Bool.self, forKey: .detach) ?? false
            stdio = try values.decodeIfPresent(Stdio.self, forKey: .stdio)
            output = try values.decodeIfPresent(Bool.self, forKey: .output) ?? false
            terminalSize = try values.decodeIfPresent(TerminalSize.self, forKey: .terminalSize)
            stream = try values.decodeIfPresent(Bool.self, forKey: .stream)
            credentialContents = try values.decodeIfPresent([CredentialContent].self, forKey: .credentialContents)
        }

        public func encode(to encoder: any Encoder) throws {
            try spec.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(detach, forKey: .detach)
            try values.encodeIfPresent(stdio, forKey: .stdio)
            try values.encode(output, forKey: .output)
            try values.encodeIfPresent(terminalSize, forKey: .terminalSize)
            try values.encodeIfPresent(stream, forKey: .stream)
            try values.encodeIfPresent(credentialContents, forKey: .credentialContents)
        }
    }
    public struct Result: Sendable, Codable {
        public var id: ContainerID
        public var name: ContainerName?
        /// How it ended; absent when detached.
        public var exit: ExitRecord?
        /// What a shell would show for `exit`.
        public var code: Int?

        public init(id: ContainerID, name: ContainerName?, exit: ExitRecord?) {
            self.id = id
            self.name = name
            self.exit = exit
            code = exit?.code
        }
    }
    public typealias Item = LogLine
}

public enum ContainerStop: Method {
    public static let name = "container.stop"
    public static let summary = "Send the stop signal, wait the grace time, then kill; answers when it has ended."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .containerNotStopped]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Seconds; default the container's own `stop_timeout`.
        public var timeout: Int?
        /// Stop those that depend on it before.
        public var dependents: Bool?

        public init(container: String, timeout: Int? = nil, dependents: Bool? = nil) {
            self.container = container
            self.timeout = timeout
            self.dependents = dependents
        }
    }
    public typealias Result = ContainerInfo
}

public enum ContainerKill: Method {
    public static let name = "container.kill"
    public static let summary = "Send a signal to the main process; KILL ends every process of the container."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .requestInvalid]
    public struct Params: Sendable, Codable {
        public var container: String
        /// A name with or without SIG, or a number; default KILL.
        public var signal: String?

        public init(container: String, signal: String? = nil) {
            self.container = container
            self.signal = signal
        }
    }
    public typealias Result = Done
}

public enum ContainerWait: Method {
    public static let name = "container.wait"
    public static let summary = "Answer when the container has ended, or is ready or healthy; at once if it is."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Default `exited`.
        public var condition: Condition?

        public init(container: String, condition: Condition? = nil) {
            self.container = container
            self.condition = condition
        }
    }
    public enum Condition: String, Sendable, Codable, CaseIterable {
        case exited, started, ready, healthy
    }
    public typealias Result = ContainerRun.Result
}

public enum ContainerRemove: Method {
    public static let name = "container.remove"
    public static let summary = "Remove a container that does not run, its files and its log."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .containerNotStopped]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Kill it first if it runs.
        public var force: Bool?
        /// Remove the volumes that nobody named with it.
        public var volumes: Bool?

        public init(container: String, force: Bool? = nil, volumes: Bool? = nil) {
            self.container = container
            self.force = force
            self.volumes = volumes
        }
    }
    public typealias Result = Done
}

public enum ContainerList: Method {
    public static let name = "container.list"
    public static let summary = "All containers, oldest first."
    public static let lane = Lane.quick
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        /// Only those in one of these phases.
        public var phases: [ContainerPhase]?
        /// Only those that carry all of these labels.
        public var labels: [String: String]?

        public init(phases: [ContainerPhase]? = nil, labels: [String: String]? = nil) {
            self.phases = phases
            self.labels = labels
        }
    }
    public struct Result: Sendable, Codable {
        public var containers: [ContainerInfo]

        public init(containers: [ContainerInfo]) { self.containers = containers }
    }
}

public enum ContainerGet: Method {
    public static let name = "container.get"
    public static let summary = "One container."
    public static let lane = Lane.quick
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound]
    public typealias Params = ContainerTarget
    public typealias Result = ContainerInfo
}

public enum ContainerLogs: Method {
    public static let name = "container.logs"
    public static let summary = "What the program wrote, a line an item."
    public static let streams = true
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Only the last so many lines.
        public var tail: Int?
        /// Only lines written at or after this, nanoseconds since 1970.
        public var since: Int64?
        /// Go on until the container ends.
        public var follow: Bool?

        public init(container: String, tail: Int? = nil, since: Int64? = nil, follow: Bool? = nil) {
            self.container = container
            self.tail = tail
            self.since = since
            self.follow = follow
        }
    }
    public typealias Result = Done
    public typealias Item = LogLine
}

/// A line of output. Exactly one of `text` and `base64` is there: `base64` where the bytes are not UTF-8.
public struct LogLine: Sendable, Codable {
    /// `stdout` or `stderr`.
    public var stream: String
    /// Nanoseconds since 1970.
    public var time: Int64
    /// Without its newline.
    public var text: String?
    public var base64: String?
    /// The line goes on in the next item of this stream, without a newline between.
    public var partial: Bool?

    public init(stream: String, time: Int64, text: String?, base64: String?, partial: Bool?) {
        self.stream = stream
        self.time = time
        self.text = text
        self.base64 = base64
        self.partial = partial
    }
}
