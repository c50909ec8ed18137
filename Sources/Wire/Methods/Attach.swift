public import Model

public enum ContainerAttach: Method {
    public static let name = "container.attach"
    public static let summary = "Watch and use a running container's streams until it ends or the request is cancelled."
    public static let streams = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [
        .containerNotFound, .containerWrongState, .requestInvalid, .streamTokenInvalid,
    ]
    public struct Params: Sendable, Codable {
        public var container: String
        /// The caller's own descriptors for the output. What to write the input to comes with the progress line: the
        /// other side of the terminal, or a pipe where the container was made `interactive` and keeps its input open.
        public var stdio: Stdio?
        /// The window that the terminal gets.
        public var terminalSize: TerminalSize?
        /// First send the last so many lines of the log as items.
        public var replay: Int?
        /// Wait for a second connection that carries the bytes: see `stream.join`.
        public var stream: Bool?

        public init(container: String, stdio: Stdio? = nil, terminalSize: TerminalSize? = nil, replay: Int? = nil) {
            self.container = container
            self.stdio = stdio
            self.terminalSize = terminalSize
            self.replay = replay
        }

        enum CodingKeys: String, CodingKey {
            case container, stdio, replay, stream
            case terminalSize = "terminal_size"
        }
    }
    public typealias Result = ContainerRun.Result
    public typealias Item = LogLine
}

public enum ContainerResize: Method {
    public static let name = "container.resize"
    public static let summary = "Tell a running container's terminal a new size."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .containerNoTerminal]
    public struct Params: Sendable, Codable {
        public var container: String
        public var terminalSize: TerminalSize

        public init(container: String, terminalSize: TerminalSize) {
            self.container = container
            self.terminalSize = terminalSize
        }

        enum CodingKeys: String, CodingKey {
            case container
            case terminalSize = "terminal_size"
        }
    }
    public typealias Result = Done
}
