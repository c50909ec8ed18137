import ContainerNetwork
import Model

/// What is published, and by whom: to find the holder of a port takes the same with ten as with ten thousand.
struct PublishedPorts: Sendable {
    private struct Number: Sendable, Hashable {
        var transport: PortMapping.Transport
        var hostPort: UInt16

        init(_ port: PublishedPort) { (transport, hostPort) = (port.transport, port.hostPort) }
    }

    private var ports: [ConnectionID: [PublishedPort]] = [:]
    /// Some containers may have the same number at different addresses.
    private var holders: [Number: [ConnectionID]] = [:]
    private(set) var count = 0

    /// Nil: it has none.
    subscript(container: ConnectionID) -> [PublishedPort]? { ports[container] }

    var all: [PublishedPort] { ports.values.flatMap { $0 } }

    /// Who holds a port that excludes this one.
    func holder(of port: PublishedPort) -> ConnectionID? {
        holders[Number(port)]?.first { ports[$0]?.contains { $0.conflicts(with: port) } ?? false }
    }

    mutating func add(_ added: [PublishedPort], for container: ConnectionID) {
        guard !added.isEmpty else { return }
        ports[container, default: []] += added
        count += added.count
        for number in Set(added.map(Number.init)) { holders[number, default: []].append(container) }
    }

    /// Answers what it had.
    mutating func remove(_ container: ConnectionID) -> [PublishedPort] {
        let removed = ports.removeValue(forKey: container) ?? []
        count -= removed.count
        for number in Set(removed.map(Number.init)) {
            holders[number]?.removeAll { $0 == container }
            if holders[number]?.isEmpty == true { holders[number] = nil }
        }
        return removed
    }
}
