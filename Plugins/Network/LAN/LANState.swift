import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink

/// What a driver knows: its networks, which addresses are taken, and who has them.
struct LANState: Sendable {
    struct Connection: Sendable {
        var handle: LANHandle
        var numbers: Set<UInt32>
        /// Nil while it is made, and after a new start of the driver: the container itself keeps it alive.
        var namespace: Descriptor?
    }

    let kind: LANKind
    private(set) var specs: [NetworkName: NetworkSpec] = [:]
    private(set) var connected: [ConnectionID: Connection] = [:]
    private var leases: [NetworkName: Leases] = [:]

    init(_ kind: LANKind) { self.kind = kind }

    /// Throws `network.refused`.
    func network(_ name: NetworkName) throws(AgentError) -> LANNetwork {
        try LANNetwork(specs[name] ?? NetworkSpec(name: name, driver: kind.rawValue), kind)
    }

    mutating func add(_ spec: NetworkSpec) { specs[spec.name] = spec }

    mutating func remove(_ name: NetworkName) { (specs[name], leases[name]) = (nil, nil) }

    /// Takes addresses for a container.
    ///
    /// - Parameter host: The host's own addresses.
    /// Throws as ``AddressPlan/lease(_:from:besides:)`` does.
    mutating func lease(
        _ wishes: [IPAddress], for id: ConnectionID, on network: LANNetwork, interface: String,
        besides host: Set<IPAddress>
    ) throws(AgentError) -> Lease {
        // Networks with the same parent are the same LAN.
        let siblings = specs.values.compactMap { try? LANNetwork($0, kind) }.filter { $0.parent == network.parent }
        let names = Set(siblings.map(\.name)).subtracting([network.name])
        let others = connected.filter { names.contains($0.key.network) }.values.flatMap(\.handle.owned)
        var foreign = host.union(others).union(siblings.flatMap(\.gateways))
        // A LAN's first address is its router's, also where that is nobody's gateway.
        let router = network.plan.addresses(ofHost: 1).map(\.address)
        if network.gateways.isEmpty, !network.mode.isRouted { foreign.formUnion(Set(router).subtracting(wishes)) }
        var own = leases[network.name] ?? Leases(network.plan.hosts)
        let lease = try network.plan.lease(wishes, from: &own, besides: foreign)
        leases[network.name] = own
        let handle = LANHandle(addresses: lease.addresses, interface: interface)
        connected[id] = Connection(handle: handle, numbers: lease.numbers)
        return lease
    }

    mutating func complete(_ id: ConnectionID, _ handle: LANHandle, in namespace: Descriptor) {
        connected[id]?.handle = handle
        connected[id]?.namespace = namespace
    }

    /// What a container of before has. Idempotent.
    mutating func restore(_ id: ConnectionID, _ handle: LANHandle) {
        guard connected[id] == nil else { return }
        var numbers: Set<UInt32> = []
        if let network = try? network(id.network) {
            var own = leases[id.network] ?? Leases(network.plan.hosts)
            numbers = Set(handle.owned.compactMap { network.plan.host($0) }).filter { own.take($0) }
            leases[id.network] = own
        }
        connected[id] = Connection(handle: handle, numbers: numbers)
    }

    /// Gives the addresses back. Idempotent.
    mutating func release(_ id: ConnectionID) {
        guard let connection = connected.removeValue(forKey: id) else { return }
        for number in connection.numbers { leases[id.network]?.giveBack(number) }
    }
}
