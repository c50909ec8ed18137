public import Model

public enum ContainerRestart: Method {
    public static let name = "container.restart"
    public static let summary = "Stop a container and start it again; answers when its program runs."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = ContainerStart.errors + [.containerNotStopped]
    public struct Params: Sendable, Codable {
        public var container: String
        /// Seconds of grace; default the container's own `stop_timeout`.
        public var timeout: Int?

        public init(container: String, timeout: Int? = nil) {
            self.container = container
            self.timeout = timeout
        }
    }
    public typealias Result = ContainerInfo
}

public enum ContainerPause: Method {
    public static let name = "container.pause"
    public static let summary = "Let every process of a container stand still; answers when they do."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .containerNotStopped]
    public typealias Params = ContainerTarget
    public typealias Result = ContainerInfo
}

public enum ContainerResume: Method {
    public static let name = "container.resume"
    public static let summary = "Let a paused container go on."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState]
    public typealias Params = ContainerTarget
    public typealias Result = ContainerInfo
}

public enum ContainerRename: Method {
    public static let name = "container.rename"
    public static let summary = "Give a container another name, whether or not it runs."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.containerNotFound, .containerNameInUse]
    public struct Params: Sendable, Codable {
        public var container: String
        public var name: ContainerName

        public init(container: String, name: ContainerName) {
            self.container = container
            self.name = name
        }
    }
    public typealias Result = ContainerInfo
}
