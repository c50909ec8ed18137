import Model

/// A container on a network: what everything here is kept by.
struct ConnectionID: Sendable, Hashable, CustomStringConvertible {
    let container: ContainerID
    let network: NetworkName

    init(_ container: ContainerID, _ network: NetworkName) { (self.container, self.network) = (container, network) }

    var description: String { "\(container) on \(network)" }
}

/// A service of a network.
struct ServiceID: Sendable, Hashable, CustomStringConvertible {
    let name: NetworkName
    let network: NetworkName

    var description: String { "\(name) on \(network)" }
}
