import Model

/// A service of a network.
struct ServiceID: Sendable, Hashable, CustomStringConvertible {
    let name: NetworkName
    let network: NetworkName

    var description: String { "\(name) on \(network)" }
}
