import ContainerNetwork
public import Drivers
import JSON
import Linux
public import Model
import Netlink

/// Containers in a LAN of the host's, each with a link of its own over a link of the host's, the parent. Concurrent.
///
/// The host is not in between: it neither routes nor filters, publishes no ports, and can't reach its containers by the
/// parent, nor they it.
public final class LANDriver: NetworkDriver {
    let kind: LANKind
    let host: HostNetwork
    let resolvConf: String
    let state: Guarded<LANState>

    /// Touches nothing yet.
    public convenience init(_ kind: LANKind, _ configuration: LANConfiguration) {
        self.init(kind, configuration, host: nil)
    }

    /// - Parameter host: The network namespace that is the host; nil: that of the calling threads.
    init(_ kind: LANKind, _ configuration: LANConfiguration, host: Descriptor?) {
        self.kind = kind
        self.host = HostNetwork(namespace: host)
        resolvConf = configuration.resolvConf
        state = Guarded(LANState(kind))
    }

    /// Whether the parents of all networks are there, and how many containers each has.
    public func status() async throws -> DriverStatus {
        let (specs, connected) = state.withLock { ($0.specs, $0.connected) }
        guard !specs.isEmpty else {
            return DriverStatus(healthy: true, message: "ready; a network is made with the option parent")
        }
        return try attempting("look at the parents of networks") {
            let route = try RouteSocket(in: host.namespace)
            var (isHealthy, parts) = (true, [String]())
            for name in specs.keys.sorted(by: { $0.description < $1.description }) {
                let count = connected.keys.count { $0.network == name }
                do {
                    let network = try state.withLock { try $0.network(name) }
                    let parent = try network.findParent(host, route).link
                    let isDown = parent.isUp ? "" : ", which is down"
                    parts.append(
                        "\(name): \(count) of \(network.plan.hosts.count) addresses on \(parent.name)\(isDown)")
                } catch let error as AgentError {
                    isHealthy = false
                    parts.append("\(name): \(error.message)")
                }
            }
            return DriverStatus(healthy: isHealthy, message: parts.joined(separator: "; "))
        }
    }
}

// MARK: Networks
extension LANDriver {
    /// Looks whether the kernel would make such a link over the parent, by making one that nobody sees.
    public func create(_ request: NetworkRequest) async throws -> MadeNetwork {
        let spec = request.spec
        let network = try LANNetwork(spec, kind)
        return try attempting("make the network \(spec.name)") {
            let route = try RouteSocket(in: host.namespace)
            let parent = try network.findParent(host, route).link
            if state.withLock({ $0.specs[spec.name] }) == nil {
                try rehearse(LANLink(network: network, parent: parent, route: route, name: "eth0"))
            }
            state.withLock { $0.add(spec) }
            // The host has no address there.
            return MadeNetwork(
                NetworkState(
                    subnets: network.plan.subnets.map(\.description), mtu: Int(network.mtu ?? parent.mtu),
                    link: parent.name))
        }
    }

    private func rehearse(_ link: LANLink) throws {
        let namespace = try NetworkNamespace.make()
        try link.make(in: namespace)
        try LANLink.remove(link.name, of: kind, from: namespace)
    }

    public func remove(_ network: NetworkName) async throws { state.withLock { $0.remove(network) } }

    public func restore(_ networks: [NetworkRequest]) async throws {
        state.withLock { state in for request in networks { state.add(request.spec) } }
    }
}

// MARK: After a start
extension LANDriver {
    public func recover(_ handles: [ContainerHandle]) async throws {
        state.withLock { state in
            for handle in handles {
                guard let network = handle.network, let own = LANHandle(handle.handle) else { continue }
                state.restore(ConnectionID(handle.container, network), own)
            }
        }
    }

    public func collect(valid: Set<ContainerID>) async throws -> [String] {
        let others = state.withLock { $0.connected }.filter { !valid.contains($0.key.container) }
        return try attempting("disconnect containers that are no more") {
            try others.map { id, connection in
                try disconnect(id, connection.handle.interface, in: connection.namespace)
                return "the addresses \(connection.handle.addresses.joined(separator: " ")) of container \(id)"
            }.sorted()
        }
    }
}
