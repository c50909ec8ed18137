public import Model

/// What a network driver tells of its own accord: the `event` of the driver interface, as JSON.
public struct NetworkNotice: Sendable, Hashable, Codable {
    public enum Event: String, Sendable, Hashable, Codable {
        /// The host has got a route to addresses of the network; told once.
        case conflict = "network.conflict"
        /// And has it no more.
        case clear = "network.clear"
    }

    public var event: Event
    public var network: NetworkName
    /// What is wrong, and what to do.
    public var error: AgentError?

    public init(_ event: Event, of network: NetworkName, _ error: AgentError? = nil) {
        (self.event, self.network, self.error) = (event, network, error)
    }
}
