import ContainerNetwork
public import Drivers
import JSON
import Linux
import Model
import Netlink

/// What the agent keeps for us of a service.
private struct ServiceHandle: Sendable, Hashable, Codable {
    var version = 1
    /// With the length of their networks.
    var addresses: [String]
    /// Who has which slot, as it was last.
    var slots: [String]
}

extension BridgeDriver {
    public func serve(_ request: ServiceRequest) async throws -> ServedService {
        let id = ServiceID(name: request.spec.name, network: request.spec.network)
        let handle = try? request.handle.decode(ServiceHandle.self, unknownKeys: .ignore)
        services.withLock { $0[id] = request }
        // Before `recover` nothing is made: the containers' addresses are not known to be taken.
        if let handle, rooms.withLock({ $0 == nil }) {
            return try Self.served(handle.addresses.compactMap { IPPrefix($0) }, handle.slots)
        }
        let (rooms, network) = try open(id.network)
        return try attempting("serve \(id)") {
            let addresses = try address(of: id, handle, network)
            do {
                let balance = try balance(request, addresses, network, rooms.route)
                try rooms.firewall.balance(id, balance)
                return try Self.served(addresses, balance.slots.holders)
            } catch {
                if handle == nil { try? unserve(id) }
                throw error
            }
        }
    }

    public func unserve(_ service: ServiceTarget) async throws {
        let id = ServiceID(name: service.service, network: service.network)
        try attempting("end the service \(id)") { try unserve(id) }
    }

    private func unserve(_ id: ServiceID) throws {
        services.withLock { $0[id] = nil }
        guard let rooms = rooms.withLock({ $0 }), let network = rooms.networks[id.network] else { return }
        try rooms.firewall.endBalance(id)
        guard let lease = network.virtual.withLock({ $0.removeValue(forKey: id) }) else { return }
        for address in lease.addresses {
            try? rooms.route.delete(InterfaceAddress(.single(address.address), link: network.bridge.index))
        }
        network.maker.giveBack(lease.numbers)
    }

    private static func served(_ addresses: [IPPrefix], _ slots: [String]) throws -> ServedService {
        ServedService(
            addresses: addresses.map { "\($0.address)" },
            handle: try JSONValue(encoding: ServiceHandle(addresses: addresses.map(\.description), slots: slots)))
    }
}

// MARK: Making
extension BridgeDriver {
    /// The service's addresses on the bridge, taken and set; those it had before where it had some.
    private func address(of id: ServiceID, _ handle: ServiceHandle?, _ network: Network) throws -> [IPPrefix] {
        if let present = network.virtual.withLock({ $0[id] }) { return present.addresses }
        let wishes = (handle?.addresses ?? []).compactMap { IPPrefix($0)?.address }
        let lease = try network.maker.lease(wishes)
        network.virtual.withLock { $0[id] = lease }
        for address in lease.addresses { try network.carry(address.address) }
        return lease.addresses
    }

    private func balance(
        _ request: ServiceRequest, _ addresses: [IPPrefix], _ network: Network, _ route: RouteSocket
    ) throws -> Balance {
        let spec = request.spec
        var balance = Balance()
        balance.addresses = addresses.map(\.address)
        balance.group = network.bridge.group
        balance.isSticky = spec.affinity == .source
        balance.fronts = spec.ports.flatMap { port in
            balance.addresses.map { Balance.Front(.at($0), port) }
        }
        if let publish = spec.publish, !publish.isEmpty {
            let host = Set(try route.addresses().map(\.prefix.address))
            let wishes = try PortWishes(
                bridge: network.bridge, publish: network.settings.publish, host: host
            ).wishes(publish)
            balance.fronts += wishes.flatMap { wish in wish.places.compactMap { spec.front($0, wish.mapping) } }
        }
        let backends = request.backends.map { backend in
            (backend.container.description, backend.addresses.compactMap { IPAddress($0) })
        }
        balance.targets = Dictionary(backends) { first, _ in first }
        balance.slots = slots(of: request)
        balance.slots.fill(Set(balance.targets.keys))
        return balance
    }

    private func slots(of request: ServiceRequest) -> Slots<String> {
        let handle = try? request.handle.decode(ServiceHandle.self, unknownKeys: .ignore)
        return Slots(holders: handle?.slots ?? [])
    }

    /// What a new start of the driver takes up of the services of a network that is made now.
    func restoreServices(of network: Network, _ rooms: Rooms) throws {
        for (id, request) in services.withLock({ $0 }) where id.network == network.bridge.network {
            guard let handle = try? request.handle.decode(ServiceHandle.self, unknownKeys: .ignore) else { continue }
            let addresses = try address(of: id, handle, network)
            rooms.firewall.restore(try balance(request, addresses, network, rooms.route), of: id)
        }
    }
}

extension BridgeDriver.Network {
    /// Gives the bridge an address, of which nobody else is asked. Idempotent.
    fileprivate func carry(_ address: IPAddress) throws {
        do { try maker.route.add(InterfaceAddress(.single(address), link: bridge.index)) } catch {
            guard error.code == .exists else { throw error }
        }
    }
}

extension Balance.Front {
    fileprivate init(_ place: PublishedPort.Place, _ port: ServicePort) {
        self.init(
            place: place, transport: port.transport, port: UInt16(truncatingIfNeeded: port.port),
            targetPort: UInt16(truncatingIfNeeded: port.targetPort ?? port.port))
    }
}

extension ServiceSpec {
    /// A port of the host that leads to the service's port, and by that to the containers'.
    fileprivate func front(_ place: PublishedPort.Place, _ mapping: PortMapping) -> Balance.Front? {
        let port = ports.first { $0.port == mapping.containerPort && $0.transport == mapping.transport }
        guard let port, let number = mapping.hostPort else { return nil }
        return Balance.Front(
            place: place, transport: port.transport, port: UInt16(truncatingIfNeeded: number),
            targetPort: UInt16(truncatingIfNeeded: port.targetPort ?? port.port))
    }
}
