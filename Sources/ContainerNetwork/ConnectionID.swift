public import Model

/// A container on a network: what a network driver keeps everything by.
public struct ConnectionID: Sendable, Hashable, CustomStringConvertible {
    public let container: ContainerID
    public let network: NetworkName

    public init(_ container: ContainerID, _ network: NetworkName) {
        (self.container, self.network) = (container, network)
    }

    public var description: String { "\(container) on \(network)" }
}
