public import Drivers
import JSON
import Linux
public import Model
import Netlink

/// Containers on a bridge of the host's, behind its addresses. Concurrent.
///
/// The kernel's objects are made from two values: the leases and what is published. Both are kept here while the driver
/// runs, and come back from the agent's handles at the next start.
public final class BridgeNetwork: NetworkDriver {
    /// What is there once the network is in use.
    private struct Rooms: Sendable {
        let bridge: Bridge
        let route: RouteSocket
        let leases: Guarded<Leases>
        let firewall: Firewall
        let watch: RuleWatch
        let spares: Spares
        let farewell: Farewell

        func stop() {
            spares.stop()
            farewell.stop()
        }
    }

    private struct Connection: Sendable {
        var handle: BridgeHandle
        /// Nil: its address is of an earlier subnet.
        var number: UInt32?
        /// Nil after a new start of the driver: the container itself keeps it alive.
        var namespace: Descriptor?
    }

    private let settings: BridgeSettings
    private let host: HostNetwork
    private let rooms = Guarded<Rooms?>(nil)
    private let connected = Guarded<[ContainerID: Connection]>([:])

    /// Touches nothing yet: the first call that needs it makes the bridge. Throws `config.invalid`.
    public convenience init(_ configuration: BridgeConfiguration) throws {
        try self.init(configuration, host: nil)
    }

    /// - Parameter host: The network namespace that is the host; nil: that of the calling threads.
    init(_ configuration: BridgeConfiguration, host: Descriptor?) throws {
        settings = try BridgeSettings(configuration)
        self.host = HostNetwork(namespace: host)
    }

    deinit { rooms.withLock { $0?.stop() } }
}

// MARK: The host's side
extension BridgeNetwork {
    private func open() throws -> Rooms {
        try attempting("make the network \(settings.bridge)") {
            try rooms.withLock { rooms in
                if let present = rooms, try present.route.link(present.bridge.index)?.name == settings.bridge {
                    return present
                }
                let opened = try make(replacing: rooms)
                rooms = opened
                return opened
            }
        }
    }

    /// Makes all of it; when somebody deleted the bridge, what was in it goes on in the new one.
    private func make(replacing old: Rooms?) throws -> Rooms {
        old?.stop()
        let route = try RouteSocket(in: host.namespace)
        let bridge = try BridgeMaker(settings: settings, host: host, route: route).make()
        let firewall = try Firewall(BridgeRules(bridge: bridge, isIsolated: settings.isIsolated), host: host)
        let leases = Guarded(Leases(bridge.hosts))
        for (container, var connection) in connected.withLock({ $0 }) {
            connection.number = connection.handle.prefixes.lazy.compactMap { bridge.host($0.address) }.first
            if let number = connection.number { _ = leases.withLock { $0.take(number) } }
            connected.withLock { [connection] in $0[container] = connection }
            firewall.restore(connection.handle.published, for: container)
            if old != nil { try plugIn(connection.handle.link, bridge, route) }
        }
        try firewall.write()
        let maker = PlugMaker(bridge: bridge, isIsolated: settings.isIsolated, route: route, leases: leases)
        return Rooms(
            bridge: bridge, route: route, leases: leases, firewall: firewall,
            watch: try RuleWatch(firewall, in: host.namespace), spares: try Spares(maker, count: settings.pool),
            farewell: try Farewell())
    }

    private func plugIn(_ name: String, _ bridge: Bridge, _ route: RouteSocket) throws {
        guard let link = try route.link(named: name) else { return }
        try route.change(link.index, LinkSettings(isUp: true, master: bridge.index))
        try route.change(link.index, LinkSettings(port: BridgePort(hairpin: true)))
    }

    public func status() async throws -> DriverStatus {
        guard let rooms = rooms.withLock({ $0 }) else {
            return DriverStatus(healthy: true, message: "ready; the network is made when a container needs it")
        }
        if let failure = rooms.watch.failure {
            return DriverStatus(healthy: false, message: "the rules can't be put back: \(failure)")
        }
        let (count, capacity) = (connected.withLock { $0.count }, rooms.leases.withLock { $0.capacity })
        return DriverStatus(
            healthy: true,
            message:
                "\(rooms.bridge.name) \(rooms.bridge.subnets.map(\.description).joined(separator: " ")): \(count) of \(capacity) addresses, \(rooms.firewall.count) ports, rules put back \(rooms.watch.count) times"
        )
    }
}

// MARK: Attaching
extension BridgeNetwork {
    public func attach(_ request: AttachRequest) async throws -> Attachment {
        let rooms = try open()
        let container = request.container
        let resolvConf = try ResolverFile(path: settings.resolvConf).text()
        switch connected.withLock({ $0[container] }) {
        case .some(let present) where present.namespace != nil:
            return try Self.attachment(present, resolvConf)
        // Of an earlier start, whose namespace is not ours to give.
        case .some: try disconnect(container, rooms)
        case .none: break
        }
        return try attempting("connect \(container) to \(settings.bridge)") {
            let plug = try rooms.spares.take()
            do {
                let connection = try connect(request, plug, rooms)
                connected.withLock { $0[container] = connection }
                return try Self.attachment(connection, resolvConf)
            } catch {
                // The error is what counts. Nobody has had the plug.
                _ = try? rooms.firewall.withdraw(container)
                rooms.spares.putBack(plug)
                throw error
            }
        }
    }

    private func connect(_ request: AttachRequest, _ plug: Plug, _ rooms: Rooms) throws -> Connection {
        let addresses = rooms.bridge.addresses(ofHost: plug.number)
        let published = try publish(request, addresses, rooms)
        let handle = BridgeHandle(
            addresses: addresses.map(\.description), link: plug.link, ports: published.map(\.mapping))
        return Connection(handle: handle, number: plug.number, namespace: plug.namespace)
    }

    private func publish(_ request: AttachRequest, _ addresses: [IPPrefix], _ rooms: Rooms) throws -> [PublishedPort] {
        guard !request.ports.isEmpty else { return [] }
        let host = try hostAddresses(request.ports, rooms)
        let wishes = try PortWishes(bridge: rooms.bridge, settings: settings, host: host).wishes(request.ports)
        return try rooms.firewall.publish(wishes, for: request.container, host: host) { family in
            addresses.first { $0.family == family }?.address
        }
    }

    /// Empty when no port asks for one: to read them takes longer than all the rest of publishing.
    private func hostAddresses(_ ports: [PortMapping], _ rooms: Rooms) throws -> Set<IPAddress> {
        let isNamed = if case .address = settings.publish { true } else { false }
        guard isNamed || ports.contains(where: { $0.address != nil || $0.transport != .tcp }) else { return [] }
        return Set(try rooms.route.addresses().map(\.prefix.address))
    }

    private static func attachment(_ connection: Connection, _ resolvConf: String) throws -> Attachment {
        guard let namespace = connection.namespace else {
            throw AgentError(.driverFailed, "the network namespace of an earlier start is not here")
        }
        let handle = connection.handle
        return Attachment(
            namespace: .made(namespace), addresses: handle.addresses, ports: handle.ports, resolvConf: resolvConf,
            handle: try JSONValue(encoding: handle))
    }
}

// MARK: Detaching
extension BridgeNetwork {
    public func detach(_ container: ContainerID) async throws {
        guard let rooms = rooms.withLock({ $0 }) else { return }
        try attempting("disconnect \(container) from \(settings.bridge)") { try disconnect(container, rooms) }
    }

    /// The address is given back last: nobody else gets it while anything still leads there.
    private func disconnect(_ container: ContainerID, _ rooms: Rooms) throws {
        try rooms.firewall.withdraw(container)
        guard let connection = connected.withLock({ $0.removeValue(forKey: container) }) else { return }
        if let namespace = connection.namespace { rooms.farewell.take(namespace) }
        if let number = connection.number { rooms.leases.withLock { $0.giveBack(number) } }
    }

    /// Makes leases and published ports of the handles, and the table of these. Idempotent.
    ///
    /// The bridge is made with that knowledge: what lies ready must not have the address of a container that runs.
    public func recover(_ handles: [ContainerHandle]) async throws {
        let known = handles.compactMap { handle in
            (try? handle.handle.decode(BridgeHandle.self, unknownKeys: .ignore)).map { (handle.container, $0) }
        }
        guard !known.isEmpty else { return }
        try attempting("take up the containers of \(settings.bridge)") {
            try rooms.withLock { rooms in
                rooms?.stop()
                connected.withLock { connected in
                    for (container, handle) in known where connected[container] == nil {
                        connected[container] = Connection(handle: handle)
                    }
                }
                rooms = try make(replacing: rooms)
            }
        }
    }

    public func collect(valid: Set<ContainerID>) async throws -> [String] {
        guard let rooms = rooms.withLock({ $0 }) else { return [] }
        let others = connected.withLock { $0 }.filter { !valid.contains($0.key) }
        return try attempting("disconnect containers that are no more") {
            try others.map { container, connection in
                try disconnect(container, rooms)
                let addresses = connection.handle.addresses.joined(separator: " ")
                let ports = connection.handle.ports.map { ", port \($0)" }.joined()
                return "the addresses \(addresses)\(ports) of container \(container)"
            }.sorted()
        }
    }
}
