import ContainerNetwork
public import Drivers
import JSON
import Linux
public import Model
import Netlink

/// Containers on bridges of the host's, behind its addresses. Concurrent.
///
/// The kernel's objects are made from three values: the networks, the leases and what is published. All are kept here
/// while the driver runs, and come back from the agent's handles at the next start.
public final class BridgeDriver: NetworkDriver {
    struct Connection: Sendable {
        var handle: BridgeHandle
        /// Empty: its address is of an earlier subnet.
        var numbers: Set<UInt32> = []
        /// Nil after a new start of the driver: the container itself keeps it alive.
        var namespace: Descriptor?
        /// The driver made its namespace, which goes with its last user.
        var ownsNamespace = false
    }

    let settings: BridgeSettings
    let host: HostNetwork
    let tell: @Sendable (NetworkNotice) -> Void
    let rooms = Guarded<Rooms?>(nil)
    /// What networks there are, made or not.
    let known = Guarded<[NetworkName: NetworkRequest]>([:])
    let connected = Guarded<[ConnectionID: Connection]>([:])
    let policies = Guarded<[Policy]>([])
    /// What services there are.
    let services = Guarded<[ServiceID: ServiceRequest]>([:])

    /// Touches nothing yet: the first call that needs it makes the bridge. Throws `config.invalid`.
    ///
    /// - Parameter tell: Hears what becomes of networks, on any thread.
    public convenience init(
        _ configuration: BridgeConfiguration, tell: @escaping @Sendable (NetworkNotice) -> Void
    ) throws {
        try self.init(configuration, host: nil, tell: tell)
    }

    /// - Parameter host: The network namespace that is the host; nil: that of the calling threads.
    init(
        _ configuration: BridgeConfiguration, host: Descriptor?,
        tell: @escaping @Sendable (NetworkNotice) -> Void = { _ in }
    ) throws {
        settings = try BridgeSettings(configuration)
        (self.host, self.tell) = (HostNetwork(namespace: host), tell)
    }

    deinit { rooms.withLock { $0?.stop() } }

    public func status() async throws -> DriverStatus {
        guard let rooms = rooms.withLock({ $0 }) else {
            return DriverStatus(healthy: true, message: "ready; a network is made when a container needs it")
        }
        if let failure = rooms.watch.failure {
            return DriverStatus(healthy: false, message: "the rules can't be put back: \(failure)")
        }
        let counts = Dictionary(grouping: connected.withLock { $0.keys }, by: \.network).mapValues(\.count)
        let networks = rooms.networks.values.sorted { $0.bridge.group < $1.bridge.group }.map { network in
            let subnets = network.bridge.subnets.map(\.description).joined(separator: " ")
            let (count, capacity) = (counts[network.bridge.network] ?? 0, network.leases.withLock { $0.capacity })
            return "\(network.bridge.name) \(subnets): \(count) of \(capacity) addresses"
        }
        let conflicts = rooms.routes.conflicts.map { "; \($0)" }.joined()
        return DriverStatus(
            healthy: true,
            message:
                "\(networks.joined(separator: "; ")), \(rooms.firewall.count) ports, rules put back \(rooms.watch.count) times\(conflicts)"
        )
    }
}

// MARK: Attaching
extension BridgeDriver {
    public func attach(_ request: AttachRequest) async throws -> Attachment {
        let (rooms, network) = try open(request.network)
        let id = ConnectionID(request.container, request.network)
        let resolvConf = try ResolverFile(path: settings.resolvConf).text()
        switch connected.withLock({ $0[id] }) {
        case .some(let present) where present.namespace != nil: return try Self.attachment(present, resolvConf)
        // Of an earlier start, whose namespace is not ours to give.
        case .some: try disconnect(id, rooms, living: nil)
        case .none: break
        }
        let wish = try PlugWish(request)
        return try attempting("connect \(id)") {
            let plug = wish.isPlain ? try network.spares.take() : try network.maker.make(wish)
            do {
                if let bandwidth = request.connection.bandwidth {
                    try Shaping(plug, rooms.route).apply(bandwidth)
                }
                let connection = try connect(request, plug, rooms, network)
                connected.withLock { $0[id] = connection }
                return try Self.attachment(connection, resolvConf)
            } catch {
                // The error is what counts. Nobody has had the plug.
                _ = try? rooms.firewall.withdraw(id)
                _ = try? rooms.firewall.dismiss(id)
                let isAsNew = wish.isPlain && request.connection.bandwidth == nil
                if isAsNew { network.spares.putBack(plug) } else { network.drop(plug, of: wish) }
                throw error
            }
        }
    }

    private func connect(
        _ request: AttachRequest, _ plug: Plug, _ rooms: Rooms, _ network: Network
    ) throws -> Connection {
        let id = ConnectionID(request.container, request.network)
        try rooms.firewall.admit(
            PolicyMember(labels: request.labels, addresses: plug.addresses.map(\.address)), id)
        let published = try publish(request.ports, for: id, plug.addresses, rooms, network)
        var handle = BridgeHandle(
            addresses: plug.addresses.map(\.description), link: plug.link, ports: published.map(\.mapping))
        (handle.interface, handle.mac) = (plug.interface, plug.mac?.description)
        handle.labels = request.labels.isEmpty ? nil : request.labels
        if request.isWayOut, !network.bridge.isInternal {
            handle.gateways = network.bridge.gateways.map { "\($0.address)" }
        }
        return Connection(
            handle: handle, numbers: plug.numbers, namespace: plug.namespace,
            ownsNamespace: request.namespace == nil)
    }

    private func publish(
        _ ports: [PortMapping], for id: ConnectionID, _ addresses: [IPPrefix], _ rooms: Rooms, _ network: Network
    ) throws -> [PublishedPort] {
        let host = try hostAddresses(ports, rooms, network)
        let wishes = try PortWishes(bridge: network.bridge, publish: network.settings.publish, host: host).wishes(ports)
        return try rooms.firewall.publish(wishes, for: id, host: host) { family in
            addresses.first { $0.family == family }?.address
        }
    }

    /// Empty when no port asks for one: to read them takes longer than all the rest of publishing.
    private func hostAddresses(_ ports: [PortMapping], _ rooms: Rooms, _ network: Network) throws -> Set<IPAddress> {
        let isNamed = if case .address = network.settings.publish { true } else { false }
        guard isNamed || ports.contains(where: { $0.address != nil || $0.transport != .tcp }) else { return [] }
        return Set(try rooms.route.addresses().map(\.prefix.address))
    }

    public func limit(_ request: BandwidthRequest) async throws {
        let id = ConnectionID(request.container, request.network)
        guard let rooms = rooms.withLock({ $0 }), let connection = connected.withLock({ $0[id] }) else {
            throw AgentError(
                .limitUnavailable, "container \(request.container) is not on the network \(request.network)")
        }
        let handle = connection.handle
        let shaping = Shaping(
            namespace: request.namespace, interface: handle.interface ?? "eth0", link: handle.link, route: rooms.route)
        try attempting("limit the bandwidth of \(id)") { try shaping.apply(request.bandwidth) }
    }

    public func publish(_ request: PublishRequest) async throws -> Attachment.Changed {
        // Rules and maps ask nothing of the bridge: nobody looks whether it is still there.
        let (rooms, network) = try present(request.network) ?? open(request.network)
        let id = ConnectionID(request.container, request.network)
        guard var connection = connected.withLock({ $0[id] }) else {
            throw AgentError(.portRefused, "container \(request.container) is not on the network \(request.network)")
        }
        return try attempting("publish ports of \(id)") {
            let published = try publish(request.ports, for: id, connection.handle.prefixes, rooms, network)
            connection.handle.ports = published.map(\.mapping)
            connected.withLock { [connection] in $0[id] = connection }
            return Attachment.Changed(
                ports: connection.handle.ports, handle: try JSONValue(encoding: connection.handle))
        }
    }

    private static func attachment(_ connection: Connection, _ resolvConf: String) throws -> Attachment {
        guard let namespace = connection.namespace else {
            throw AgentError(.driverFailed, "the network namespace of an earlier start is not here")
        }
        let handle = connection.handle
        return Attachment(
            namespace: .made(namespace), addresses: handle.addresses, gateways: handle.gateways ?? [],
            mac: handle.mac, ports: handle.ports, resolvConf: resolvConf, handle: try JSONValue(encoding: handle))
    }
}

extension PlugWish {
    /// Throws `network.refused` for what is no address.
    init(_ request: AttachRequest) throws(AgentError) {
        (addresses, mac) = (try request.connection.wishedAddresses(), try request.connection.wishedMAC())
        (interface, namespace, isWayOut) = (request.interface, request.namespace, request.isWayOut)
    }
}

// MARK: Detaching
extension BridgeDriver {
    public func detach(_ request: DetachRequest) async throws {
        guard let rooms = rooms.withLock({ $0 }) else { return }
        let id = ConnectionID(request.container, request.network)
        try attempting("disconnect \(id)") { try disconnect(id, rooms, living: request.namespace) }
    }

    /// The address is given back last: nobody else gets it while anything still leads there.
    ///
    /// - Parameter living: The container's namespace, when it lives on: then the wire is taken out of it.
    private func disconnect(_ id: ConnectionID, _ rooms: Rooms, living: Descriptor?) throws {
        try rooms.firewall.withdraw(id)
        try rooms.firewall.dismiss(id)
        guard let connection = connected.withLock({ $0[id] }) else { return }
        let network = rooms.networks[id.network]
        if living != nil { try network?.maker.unplug(connection.handle.link) }
        connected.withLock { _ = $0.removeValue(forKey: id) }
        if let namespace = connection.namespace, connection.ownsNamespace { rooms.farewell.take(namespace) }
        network?.maker.giveBack(connection.numbers)
    }

    /// Makes leases and published ports of the handles, and the table of these. Idempotent.
    ///
    /// The bridges are made with that knowledge: what lies ready must not have the address of a container that runs.
    public func recover(_ handles: [ContainerHandle]) async throws {
        let found = handles.compactMap { handle -> (ConnectionID, BridgeHandle)? in
            guard let network = handle.network,
                let own = try? handle.handle.decode(BridgeHandle.self, unknownKeys: .ignore)
            else { return nil }
            return (ConnectionID(handle.container, network), own)
        }
        let served = services.withLock { Set($0.keys.map(\.network)) }
        guard !found.isEmpty || !served.isEmpty else { return }
        try attempting("take up the containers on bridges") {
            connected.withLock { connected in
                for (id, handle) in found where connected[id] == nil { connected[id] = Connection(handle: handle) }
            }
            try openAll(served.union(found.map(\.0.network)))
        }
    }

    public func collect(valid: Set<ContainerID>) async throws -> [String] {
        guard let rooms = rooms.withLock({ $0 }) else { return [] }
        let others = connected.withLock { $0 }.filter { !valid.contains($0.key.container) }
        return try attempting("disconnect containers that are no more") {
            try others.map { id, connection in
                try disconnect(id, rooms, living: nil)
                let addresses = connection.handle.addresses.joined(separator: " ")
                let ports = connection.handle.ports.map { ", port \($0)" }.joined()
                return "the addresses \(addresses)\(ports) of container \(id.container)"
            }.sorted()
        }
    }
}
