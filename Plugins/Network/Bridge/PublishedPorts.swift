import ContainerNetwork
import Model

/// What is published, and by whom. To find the holder of a port takes the same with ten as with ten thousand, whoever has
/// them; a change takes time linear to what changes and to what its container has.
struct PublishedPorts: Sendable {
    private struct Holding: Sendable {
        var container: ConnectionID
        var port: PublishedPort
    }

    private var ports: [ConnectionID: [PublishedPort]] = [:]
    /// Some containers may have the same number at different addresses.
    private var holdings: [PublishedPort.Number: [Holding]] = [:]
    private(set) var count = 0

    subscript(container: ConnectionID) -> [PublishedPort] { ports[container] ?? [] }

    var all: [PublishedPort] { ports.values.flatMap { $0 } }

    /// Who holds a port that excludes this one.
    func holder(of port: PublishedPort) -> ConnectionID? {
        holdings[port.number]?.first { $0.port.conflicts(with: port) }?.container
    }

    /// Puts ports of a container in the place of others that it has.
    mutating func exchange(_ gone: [PublishedPort], for come: [PublishedPort], of container: ConnectionID) {
        for port in gone {
            holdings[port.number]?.removeAll { $0.container == container && $0.port == port }
            if holdings[port.number]?.isEmpty == true { holdings[port.number] = nil }
        }
        for port in come { holdings[port.number, default: []].append(Holding(container: container, port: port)) }
        let own = self[container].besides(gone) + come
        ports[container] = own.isEmpty ? nil : own
        count += come.count - gone.count
    }
}

extension [PublishedPort] {
    /// Those that are none of the others.
    func besides(_ others: [PublishedPort]) -> [PublishedPort] {
        guard !others.isEmpty else { return self }
        let others = Set(others)
        return filter { !others.contains($0) }
    }
}
