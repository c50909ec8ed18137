import ContainerNetwork
public import Drivers
import JSON
import Linux
public import Model
import Netlink

extension BridgeDriver {
    /// What is there once a network is in use.
    struct Rooms: Sendable {
        let route: RouteSocket
        let firewall: Firewall
        let watch: RuleWatch
        let routes: RouteWatch
        let farewell: Farewell
        var networks: [NetworkName: Network] = [:]

        func stop() {
            for network in networks.values { network.spares.stop() }
            farewell.stop()
        }

        /// Puts the networks that there are in force.
        func settle() throws {
            let bridges = networks.values.map(\.bridge)
            try firewall.write(BridgeRules(bridges))
            routes.watch(bridges)
        }
    }

    /// A network that is made.
    struct Network: Sendable {
        let settings: NetworkSettings
        let bridge: Bridge
        let leases: Guarded<Leases>
        let maker: PlugMaker
        let spares: Spares
        /// The addresses of services.
        let virtual: Guarded<[ServiceID: Lease]>

        /// What nobody has had, and was made for one only.
        func drop(_ plug: Plug, of wish: PlugWish) {
            // The error that led here is what counts.
            if wish.namespace != nil { try? maker.unplug(plug.link) }
            maker.giveBack(plug.numbers)
        }
    }
}

// MARK: Objects
extension BridgeDriver {
    public func create(_ request: NetworkRequest) async throws -> MadeNetwork {
        let name = request.spec.name
        // Refused before anything is touched.
        _ = try NetworkSettings(request, settings)
        let before = known.withLock { $0.updateValue(request, forKey: name) }
        do {
            let bridge = try open(name).network.bridge
            let handle = try JSONValue(encoding: NetworkHandle(bridge))
            known.withLock { $0[name]?.handle = handle }
            let state = NetworkState(
                subnets: bridge.subnets.map(\.description), gateways: bridge.gateways.map { "\($0.address)" },
                mtu: Int(bridge.mtu), link: bridge.name)
            return MadeNetwork(state, handle: handle)
        } catch {
            known.withLock { $0[name] = before }
            throw error
        }
    }

    /// With the bridge go its rules. One that is there from an earlier start is found by its name.
    public func remove(_ name: NetworkName) async throws {
        let request = known.withLock { $0[name] }
        guard let request else { return }
        try attempting("remove the network \(name)") {
            let settings = try NetworkSettings(request, settings)
            let link = settings.link
            try rooms.withLock { rooms in
                if let network = rooms?.networks.removeValue(forKey: name) {
                    network.spares.stop()
                    try rooms?.settle()
                }
                let route = try rooms?.route ?? RouteSocket(in: host.namespace)
                // Not of the link, so that they don't go with it.
                for subnet in settings.isRouted ? NetworkHandle(request.handle)?.subnets ?? [] : [] {
                    if let prefix = IPPrefix(subnet) { try? route.delete(Bridge.unreachable(prefix)) }
                }
                guard let bridge = try route.link(named: link), bridge.alias == BridgeMaker.alias(of: name) else {
                    return
                }
                try route.deleteLink(bridge.index)
            }
            known.withLock { $0[name] = nil }
        }
    }

    public func restore(_ networks: [NetworkRequest]) async throws {
        known.withLock { known in for request in networks { known[request.spec.name] = request } }
    }
}

// MARK: The host's side
extension BridgeDriver {
    /// The network as this driver made it, whatever became of it since; nil: it did not yet.
    func present(_ name: NetworkName) -> (rooms: Rooms, network: Network)? {
        rooms.withLock { rooms in
            guard let rooms, let network = rooms.networks[name] else { return nil }
            return (rooms, network)
        }
    }

    /// The network as it is made, which it is now if it is not, or if somebody deleted its bridge.
    func open(_ name: NetworkName) throws -> (rooms: Rooms, network: Network) {
        try attempting("make the network \(name)") {
            try rooms.withLock { rooms in
                if let present = rooms, let network = present.networks[name],
                    try present.route.link(network.bridge.index)?.name == network.bridge.name
                {
                    return (present, network)
                }
                var opened = try rooms ?? makeRooms()
                let network = try make(name, &opened)
                try opened.settle()
                rooms = opened
                return (opened, network)
            }
        }
    }

    /// Makes what is missing of several networks, and writes their rules once.
    func openAll(_ names: Set<NetworkName>) throws {
        try rooms.withLock { rooms in
            var opened = try rooms ?? makeRooms()
            var failure: (any Error)?
            for name in names.sorted(by: { $0.description < $1.description }) where opened.networks[name] == nil {
                do { _ = try make(name, &opened) } catch { failure = failure ?? error }
            }
            try opened.settle()
            rooms = opened
            if let failure { throw failure }
        }
    }

    private func makeRooms() throws -> Rooms {
        let firewall = try Firewall(BridgeRules([]), host: host)
        for (id, connection) in connected.withLock({ $0 }) {
            firewall.restore(connection.handle.published, for: id)
            firewall.restore(connection.handle.member, id)
        }
        firewall.restore(policies.withLock { $0 })
        return Rooms(
            route: try RouteSocket(in: host.namespace), firewall: firewall,
            watch: try RuleWatch(firewall, in: host.namespace), routes: try RouteWatch(host, tell),
            farewell: try Farewell())
    }

    /// Makes a network's bridge; when somebody deleted it, what was in it goes on in the new one.
    private func make(_ name: NetworkName, _ rooms: inout Rooms) throws -> Network {
        let request = known.withLock { $0[name] } ?? NetworkRequest(NetworkSpec(name: name))
        let settings = try NetworkSettings(request, settings)
        let old = rooms.networks[name]
        old?.spares.stop()
        let others = rooms.networks.filter { $0.key != name }.values.map(\.bridge.group)
        let bridge = try BridgeMaker(
            settings: settings, reserved: reserved(besides: name), groups: groups(besides: name).union(others),
            host: host, route: rooms.route
        ).make()
        try filter(inside: bridge, rooms.route)
        let leases = Guarded(Leases(bridge.plan.hosts))
        for (id, var connection) in connected.withLock({ $0 }) where id.network == name {
            connection.numbers = Set(connection.handle.prefixes.compactMap { bridge.plan.host($0.address) })
            for number in connection.numbers { _ = leases.withLock { $0.take(number) } }
            connected.withLock { [connection] in $0[id] = connection }
            if old != nil, !bridge.isRouted { try plugIn(connection.handle.link, bridge, rooms.route) }
        }
        let maker = PlugMaker(bridge: bridge, host: host, route: rooms.route, leases: leases)
        let virtual = Guarded<[ServiceID: Lease]>([:])
        let network = Network(
            settings: settings, bridge: bridge, leases: leases, maker: maker,
            spares: Spares(maker, count: self.settings.pool), virtual: virtual)
        try restoreServices(of: network, rooms)
        try network.spares.begin()
        rooms.networks[name] = network
        return network
    }

    private func plugIn(_ name: String, _ bridge: Bridge, _ route: RouteSocket) throws {
        guard let link = try route.link(named: name) else { return }
        try route.change(link.index, LinkSettings(isUp: true, master: bridge.index))
        try route.change(
            link.index,
            LinkSettings(port: BridgePort(hairpin: true, isolated: bridge.isIsolating ? true : nil)))
    }

    /// Subnets of networks that are known but perhaps not made, so that no route tells of them.
    private func reserved(besides name: NetworkName) -> [TakenRoute] {
        handles(besides: name).flatMap { network, handle in
            handle.subnets.compactMap { IPPrefix($0) }.map {
                TakenRoute(destination: $0, link: "the network \(network)")
            }
        }
    }

    private func groups(besides name: NetworkName) -> Set<UInt32> { Set(handles(besides: name).map(\.1.group)) }

    private func handles(besides name: NetworkName) -> [(NetworkName, NetworkHandle)] {
        known.withLock { $0 }.filter { $0.key != name }.compactMap { network, request in
            NetworkHandle(request.handle).map { (network, $0) }
        }
    }
}
