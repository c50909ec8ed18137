import ContainerNetwork
public import Drivers
import JSON
import Linux
import Model
import Netlink

// MARK: Attaching
extension LANDriver {
    public func attach(_ request: AttachRequest) async throws -> Attachment {
        let id = ConnectionID(request.container, request.network)
        let network = try state.withLock { try $0.network(request.network) }
        try refuse(request.ports, on: request.network)
        try refuse(request.connection.bandwidth ?? Bandwidth())
        let text = try ResolverFile(path: resolvConf).text()
        switch state.withLock({ $0.connected[id] }) {
        case .some(let present) where present.namespace != nil: return try Self.attachment(present, text)
        // Of an earlier start, whose namespace is not ours to give.
        case .some: state.withLock { $0.release(id) }
        case .none: break
        }
        return try attempting("connect \(id)") {
            do {
                try connect(id, request, network)
                guard let made = state.withLock({ $0.connected[id] }) else {
                    throw AgentError(.driverFailed, "the connection \(id) went as soon as it was made", retryable: true)
                }
                return try Self.attachment(made, text)
            } catch {
                state.withLock { $0.release(id) }
                throw error
            }
        }
    }

    private func connect(_ id: ConnectionID, _ request: AttachRequest, _ network: LANNetwork) throws {
        let wish = try wishedMAC(request, network)
        let route = try RouteSocket(in: host.namespace)
        let (parent, own) = try network.findParent(host, route)
        guard parent.isUp else {
            throw AgentError(
                .networkRefused, "the link \(parent.name) is down: bring it up with `ip link set \(parent.name) up`",
                retryable: true)
        }
        let wishes = try request.connection.wishedAddresses()
        let lease = try state.withLock {
            try $0.lease(wishes, for: id, on: network, interface: request.interface, besides: own)
        }
        let namespace = try request.namespace ?? NetworkNamespace.make()
        let mac = wish ?? (network.mode.hasParentsMAC ? nil : lease.addresses.first?.address.usualMAC)
        let link = LANLink(network: network, parent: parent, route: route, name: request.interface, mac: mac)
        let connector = LANConnector(link: link, addresses: lease.addresses, isWayOut: request.isWayOut)
        var handle = LANHandle(addresses: lease.addresses, interface: request.interface)
        handle.mac = try connector.connect(namespace)?.description
        if request.isWayOut, !network.gateways.isEmpty { handle.gateways = network.gateways.map(\.description) }
        if let rate = request.connection.bandwidth?.egress {
            do { try limit(request.interface, in: namespace, to: rate) } catch {
                // The error that led here is what counts.
                try? LANLink.remove(request.interface, of: kind, from: namespace)
                throw error
            }
        }
        state.withLock { [handle] in $0.complete(id, handle, in: namespace) }
    }

    private func wishedMAC(_ request: AttachRequest, _ network: LANNetwork) throws(AgentError) -> MACAddress? {
        guard let mac = try request.connection.wishedMAC() else { return nil }
        guard !network.mode.hasParentsMAC else {
            throw AgentError(
                .networkRefused,
                "a container on \(request.network) can't have the link address \(mac): it has that of the parent \(network.parent)"
            )
        }
        return mac
    }

    private static func attachment(_ connection: LANState.Connection, _ resolvConf: String) throws -> Attachment {
        guard let namespace = connection.namespace else {
            throw AgentError(.driverFailed, "the network namespace of an earlier start is not here")
        }
        let handle = connection.handle
        return Attachment(
            namespace: .made(namespace), addresses: handle.addresses, gateways: handle.gateways ?? [],
            mac: handle.mac, resolvConf: resolvConf, handle: try JSONValue(encoding: handle))
    }
}

// MARK: Detaching
extension LANDriver {
    public func detach(_ request: DetachRequest) async throws {
        let id = ConnectionID(request.container, request.network)
        let known = state.withLock { $0.connected[id] }
        let interface = known?.handle.interface ?? LANHandle(request.handle)?.interface ?? request.interface
        try attempting("disconnect \(id)") {
            try disconnect(id, interface, in: request.namespace ?? known?.namespace)
        }
    }

    /// The addresses are given back last: nobody else gets them while anything still answers for them.
    ///
    /// - Parameter namespace: nil: it went with its container.
    func disconnect(_ id: ConnectionID, _ interface: String?, in namespace: Descriptor?) throws {
        if let namespace, let interface { try LANLink.remove(interface, of: kind, from: namespace) }
        state.withLock { $0.release(id) }
    }
}

// MARK: While it runs
extension LANDriver {
    public func limit(_ request: BandwidthRequest) async throws {
        let id = ConnectionID(request.container, request.network)
        guard let connection = state.withLock({ $0.connected[id] }) else {
            throw AgentError(
                .limitUnavailable, "container \(request.container) is not on the network \(request.network)")
        }
        try refuse(request.bandwidth)
        try attempting("limit the bandwidth of \(id)") {
            try limit(connection.handle.interface, in: request.namespace, to: request.bandwidth.egress)
        }
    }

    /// The container can't take it off: the namespace belongs to the host's user namespace.
    private func limit(_ interface: String, in namespace: Descriptor, to rate: Int64?) throws {
        let inside = try RouteSocket(in: namespace)
        guard let index = try inside.link(named: interface)?.index else {
            throw AgentError(.hostFailed, "the link \(interface) of the container is gone")
        }
        guard let rate else { return try inside.removeLimit(of: index) }
        try inside.limit(index, to: TrafficLimit(bytesPerSecond: UInt64(clamping: rate)))
    }

    /// What comes in has passed the LAN already, and a link has a queue only for what it sends.
    private func refuse(_ bandwidth: Bandwidth) throws(AgentError) {
        guard bandwidth.ingress != nil else { return }
        throw AgentError(
            .limitUnavailable,
            "the driver \(kind) can't limit what comes in: limit egress where it is sent, or use the network bridge")
    }

    public func publish(_ request: PublishRequest) async throws -> Attachment.Changed {
        try refuse(request.ports, on: request.network)
        let id = ConnectionID(request.container, request.network)
        guard let connection = state.withLock({ $0.connected[id] }) else {
            throw AgentError(.portRefused, "container \(request.container) is not on the network \(request.network)")
        }
        return Attachment.Changed(ports: [], handle: try JSONValue(encoding: connection.handle))
    }

    private func refuse(_ ports: [PortMapping], on network: NetworkName) throws(AgentError) {
        guard let port = ports.first else { return }
        throw AgentError(
            .portRefused,
            "\(port) can't be published: a container on the network \(network) has an address of its own in the LAN, and all its ports there; leave the port out or use the network bridge"
        )
    }
}
