/// Something that happened, in the order it happened.
public struct Event: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case containerCreated = "container.created"
        case containerStarted = "container.started"
        case containerExited = "container.exited"
        case containerFailed = "container.failed"
        case containerRemoved = "container.removed"
        case containerPaused = "container.paused"
        case containerResumed = "container.resumed"
        case containerRestarting = "container.restarting"
        case containerRenamed = "container.renamed"
        case containerUpdated = "container.updated"
        case containerReady = "container.ready"
        case containerHealthy = "container.healthy"
        case containerUnhealthy = "container.unhealthy"
        case containerOOM = "container.oom"
        case execStarted = "exec.started"
        case execExited = "exec.exited"
        case volumeCreated = "volume.created"
        case volumeRemoved = "volume.removed"
        case networkCreated = "network.created"
        case networkRemoved = "network.removed"
        case networkConflict = "network.conflict"
        case networkClear = "network.clear"
        case serviceCreated = "service.created"
        case serviceChanged = "service.changed"
        case serviceRemoved = "service.removed"
        case policyCreated = "policy.created"
        case policyRemoved = "policy.removed"
        case imageLoaded = "image.loaded"
        case imageTagged = "image.tagged"
        case imageRemoved = "image.removed"
        case imageCommitted = "image.committed"
        case driverUnhealthy = "driver.unhealthy"
        case driverHealthy = "driver.healthy"
    }

    /// Counts up by one from the agent's start; a place to go on from.
    public var cursor: Int64
    /// Nanoseconds since 1970.
    public var time: Int64
    public var kind: Kind
    /// The id of the container or image that it happened to, the name of the network or volume, or the driver as `KIND/NAME`.
    public var subject: String
    public var name: String?
    public var exit: ExitRecord?
    public var error: AgentError?
    /// Which exec of the container.
    public var exec: String?

    public init(cursor: Int64, time: Int64, kind: Kind, subject: String, name: String? = nil) {
        self.cursor = cursor
        self.time = time
        self.kind = kind
        self.subject = subject
        self.name = name
    }
}
