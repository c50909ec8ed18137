public import JSON
public import Model

/// What a driver is for.
public enum DriverKind: String, Sendable, Hashable, Codable, CaseIterable {
    case storage, network, isolation
}

/// What every driver can be asked.
///
/// An author implements one of the three protocols below with plain throwing functions; the agent's side (`DriverHost`)
/// implements the same protocol over a loaded driver, so that the engine can't tell a real driver from a fake one.
///
/// Every method is idempotent, keyed by the id it is given, and clean-up works for an id that the driver has never seen.
/// Errors are `AgentError` with a code of the closed list; any other error becomes `driver.failed`.
public protocol Driver: Sendable {
    /// How the driver is doing; quick, and free of side effects.
    func status() async throws -> DriverStatus
    /// Called once after the agent's start with the handles of all that should exist.
    func recover(_ handles: [ContainerHandle]) async throws
    /// Removes whatever belongs to no id in `valid`; answers what was removed, for the log.
    func collect(valid: Set<ContainerID>) async throws -> [String]
}

extension Driver {
    public func status() async throws -> DriverStatus { DriverStatus(healthy: true, message: "ready") }
    public func recover(_ handles: [ContainerHandle]) async throws {}
    public func collect(valid: Set<ContainerID>) async throws -> [String] { [] }
}

/// A driver's own word on its health.
public struct DriverStatus: Sendable, Hashable, Codable {
    public var healthy: Bool
    /// One line for a person.
    public var message: String

    public init(healthy: Bool, message: String) {
        self.healthy = healthy
        self.message = message
    }
}

/// What a driver wanted to remember of a container; the agent keeps it and hands it back. Opaque to the agent.
public struct ContainerHandle: Sendable, Hashable, Codable {
    public var container: ContainerID
    /// Which of its connections; `nil` for drivers of other kinds.
    public var network: NetworkName?
    public var handle: JSONValue

    public init(container: ContainerID, network: NetworkName? = nil, handle: JSONValue) {
        self.container = container
        self.network = network
        self.handle = handle
    }
}
