public import Drivers
public import Linux
public import Model

extension DriverMethod<NoValue, DriverManifest> {
    /// The manifest that the driver was built with; answered by `DavitDriverKit` itself.
    public static var describe: Self { Self("describe") }
}

extension DriverMethod<NoValue, DriverStatus> {
    public static var status: Self { Self("status") }
}

extension DriverMethod<ContainerHandles, NoValue> {
    public static var recover: Self { Self("recover") }
}

extension DriverMethod<ValidContainers, RemovedThings> {
    public static var collect: Self { Self("gc") }
}

extension DriverStatus: PlainDriverMessage {}

public struct ContainerHandles: PlainDriverMessage {
    public var handles: [ContainerHandle]

    public init(_ handles: [ContainerHandle]) { self.handles = handles }
}

public struct ValidContainers: PlainDriverMessage {
    public var valid: Set<ContainerID>

    public init(_ valid: Set<ContainerID>) { self.valid = valid }
}

public struct RemovedThings: PlainDriverMessage {
    public var removed: [String]

    public init(_ removed: [String]) { self.removed = removed }
}

extension ContainerID: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body { Body(container: self) }
    public init(body: Body, _ descriptors: [Descriptor]) throws { self = body.container }
}
