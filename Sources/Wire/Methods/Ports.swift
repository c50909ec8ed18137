public import Model

/// Ports of a container.
public struct ContainerPorts: Sendable, Codable {
    public var container: String
    public var ports: [PortMapping]

    public init(container: String, ports: [PortMapping]) {
        self.container = container
        self.ports = ports
    }
}

public enum PortAdd: Method {
    public static let name = "port.add"
    public static let summary = "Let more ports of the host lead to a container, at once where it runs."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .requestInvalid, .portInUse, .portRefused]
    public typealias Params = ContainerPorts
    public typealias Result = ContainerInfo
}

public enum PortRemove: Method {
    public static let name = "port.remove"
    public static let summary =
        "Take ports of the host away from a container, at once where it runs; what is left out of one matches any."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .requestInvalid, .portRefused]
    public typealias Params = ContainerPorts
    public typealias Result = ContainerInfo
}

public enum PortExplain: Method {
    public static let name = "port.explain"
    public static let summary = "The path of a packet to each published port of a running container, step by step."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .portRefused]
    public typealias Params = ContainerTarget
    public struct Result: Sendable, Codable {
        public var paths: [PortPath]

        public init(paths: [PortPath]) { self.paths = paths }
    }
}
