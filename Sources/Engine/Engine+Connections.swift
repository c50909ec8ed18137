internal import Drivers
internal import JSON
internal import Linux
public import Model

// MARK: At a start

extension Engine {
    /// Connects a container to all of its networks, the first as `eth0`; answers what the launch needs of them.
    func connect(_ container: Container, _ image: ImageConfig, _ run: RunDirectory) async throws -> Attachment {
        container.undo.append(.network)
        let spec = container.record.spec
        if let other = spec.connections[0].sharedContainer { return try share(other, with: container, run) }
        var records: [NetworkRecord] = []
        for connection in spec.connections {
            records.append(try await network(forUse: NetworkName(connection.network)))
        }
        let wayOut = records.firstIndex { $0.spec.isInternal != true } ?? 0
        var first: Attachment?
        for (index, record) in records.enumerated() {
            var request = AttachRequest(
                container: container.id, network: record.spec.name, hostname: container.hostname,
                ports: index == wayOut ? spec.published(by: image) : [], connection: spec.connections[index],
                interface: "eth\(index)", isWayOut: index == wayOut,
                labels: container.record.labels ?? spec.labels)
            request.namespace = try first?.madeNamespace(besides: record.spec.name)
            let attachment = try await driver(of: record).attach(request)
            container.note(attachment, request)
            first = first ?? attachment
        }
        guard let first else { throw AgentError(.requestInvalid, "the container has no network") }
        let resolvConf = bearings(of: container, first.resolvConf).resolvConf
        try run.write(
            EtcFiles(container: container, resolvConf: resolvConf, hosts: first.hosts), owner: container.record.ids)
        announce(container)
        return first
    }

    /// The spec with a network in the place of `default`. One that has no ports is not meant by who asks for some.
    func settled(_ spec: ContainerSpec) -> ContainerSpec {
        let asksForPorts = spec.publishAll == true || spec.ports?.isEmpty == false
        let network = asksForPorts && settings.network == "none" ? "bridge" : settings.network
        var spec = spec
        if spec.network == NetworkConnection.defaultName { spec.network = network }
        for index in spec.networks?.indices ?? 0..<0
        where spec.networks?[index].network == NetworkConnection.defaultName {
            spec.networks?[index].network = network
        }
        return spec
    }

    func driver(of network: NetworkRecord) throws(AgentError) -> any NetworkDriver {
        if let driver = parts.networkDrivers[network.spec.driver] { return driver }
        throw AgentError(
            .driverNotFound,
            "the driver \"\(network.spec.driver)\" of the network \(network.spec.name) is not there any more")
    }

    /// The other's namespace as it is now, with its names; what is published stays the other's.
    private func share(_ other: String, with container: Container, _ run: RunDirectory) throws -> Attachment {
        if let port = container.record.spec.ports?.first {
            throw AgentError(
                .portRefused, "\(port) can't be published: the container shares another's network, publish it there")
        }
        let target = try find(other)
        guard target !== container, let process = target.process, let files = parts.ledger.run(of: target.id) else {
            throw AgentError(
                .containerWrongState, "container \(other), whose network is to be shared, does not run: start it first",
                retryable: true)
        }
        guard target.record.spec.network != "host" else {
            throw AgentError(.networkRefused, "container \(other) has the host's network: ask for the network host")
        }
        let resolvConf = try files.files.readIfPresent("resolv.conf", limit: 1 << 20) ?? []
        let hosts = try files.files.readIfPresent("hosts", limit: 1 << 20) ?? []
        try run.write(
            EtcFiles(
                hostname: container.hostname, hosts: String(decoding: hosts, as: UTF8.self),
                resolvConf: String(decoding: resolvConf, as: UTF8.self)), owner: container.record.ids)
        return Attachment(namespace: .made(try NetworkNamespace.of(process)))
    }

    /// Takes back what each network gave, the last first; all of them, whatever becomes of one.
    func disconnectAll(_ container: Container) async throws {
        var failure: (any Error)?
        let connections = container.record.spec.connections
        let survivor = namespaceKept(of: container)
        for (index, connection) in connections.enumerated().reversed() where connection.sharedContainer == nil {
            guard let name = try? NetworkName(connection.network) else { continue }
            retract(container, on: connection.network)
            let known = container.record.connections?.first { $0.network == name }
            do {
                // A network that was never recorded is its driver's own.
                let driver = networks[name]?.spec.driver ?? name.description
                try await parts.networkDrivers[driver]?.detach(
                    DetachRequest(
                        container: container.id, network: name, handle: known?.handle ?? .null,
                        interface: known?.interface ?? "eth\(index)", namespace: survivor))
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    /// The network namespace, when a container that shares it lives on: its links must go, for the addresses will be
    /// another's.
    private func namespaceKept(of container: Container) -> Descriptor? {
        let sharer = containers.values.first { other in
            guard let name = other.record.spec.connections.first?.sharedContainer, other.life.state.pid != nil else {
                return false
            }
            // Not looked up: one that is being removed is nobody's name any more.
            return name == container.record.spec.name?.description || container.id.description.hasPrefix(name)
        }
        return sharer?.process.flatMap { try? NetworkNamespace.of($0) }
    }

    /// What the drivers remember of the containers that run.
    func recoverConnections(of adopted: [Container]) async {
        for (name, driver) in networkDriversInUse() {
            let handles = adopted.flatMap { container in
                let own = (container.record.connections ?? []).filter { networks[$0.network]?.spec.driver == name }
                return own.filter { $0.handle != .null }.map {
                    ContainerHandle(container: container.id, network: $0.network, handle: $0.handle)
                }
            }
            await attempt("recovering") { try await driver.recover(handles) }
        }
    }
}

extension Engine {
    /// Those that have a network, or a container that names one. The others have nothing to take up, and are not opened for
    /// it: each takes some two megabytes.
    func networkDriversInUse() -> [(name: String, driver: any NetworkDriver)] {
        let connections = containers.values.flatMap(\.record.spec.connections)
        let named = connections.map { connection in
            (try? NetworkName(connection.network)).flatMap { networks[$0]?.spec.driver } ?? connection.network
        }
        let used = Set(named).union(networks.values.map(\.spec.driver))
        return parts.networkDrivers.filter { used.contains($0.key) }.map { ($0.key, $0.value) }
    }
}

// MARK: While it runs

extension Engine {
    /// Connects a container to one more network, at once where it runs. All or nothing.
    ///
    /// A container without a network gets its first one. Throws `network.refused` where there can be no other: on the
    /// host's network, and on another container's.
    public func connect(_ target: String, to connection: NetworkConnection) async throws -> ContainerView {
        let container = try find(target)
        await container.turn.take()
        defer { container.turn.give() }
        try stillHere(container)
        let before = container.record.spec
        let spec = try before.connected(to: connection)
        let record = try await network(forUse: NetworkName(connection.network))
        try await write(spec, of: container)
        do { try await attach(container, record, connection) } catch {
            try? await write(before, of: container)
            throw AgentError(wrapping: error, "the container could not be connected to \(connection.network)")
        }
        tell(.containerUpdated, of: container)
        changed(container)
        return container.view
    }

    private func attach(
        _ container: Container, _ network: NetworkRecord, _ connection: NetworkConnection
    ) async throws {
        guard container.life.state.pid != nil, let process = container.process else { return }
        let interfaces = Set((container.record.connections ?? []).map(\.interface))
        let interface = (0...).lazy.map { "eth\($0)" }.first { !interfaces.contains($0) } ?? "eth0"
        let hasWayOut = (container.record.connections ?? []).contains { networks[$0.network]?.spec.isInternal != true }
        let driver = try driver(of: network)
        let request = AttachRequest(
            container: container.id, network: network.spec.name, hostname: container.hostname, connection: connection,
            interface: interface, namespace: try NetworkNamespace.of(process), isWayOut: !hasWayOut,
            labels: container.record.labels ?? container.record.spec.labels)
        let before = bearings(of: container)
        do {
            container.note(try await driver.attach(request), request)
            try rewriteFiles(of: container, since: before)
            announce(container)
            try await parts.ledger.rewrite(container.present)
        } catch {
            let meanwhile = bearings(of: container)
            container.forget(request.network)
            try? rewriteFiles(of: container, since: meanwhile)
            retract(container, on: connection.network)
            try? await driver.detach(
                DetachRequest(
                    container: container.id, network: request.network, interface: interface,
                    namespace: request.namespace))
            throw error
        }
    }

    /// Takes a container off a network, at once where it runs; the last one leaves it with none. All or nothing.
    public func disconnect(_ target: String, from network: String) async throws -> ContainerView {
        let container = try find(target)
        await container.turn.take()
        defer { container.turn.give() }
        try stillHere(container)
        let name = try NetworkName(network)
        let spec = try container.record.spec.disconnected(from: name)
        if container.life.state.pid != nil, let process = container.process, let record = networks[name] {
            let known = container.record.connections?.first { $0.network == name }
            try await driver(of: record).detach(
                DetachRequest(
                    container: container.id, network: name, handle: known?.handle ?? .null,
                    interface: known?.interface, namespace: try NetworkNamespace.of(process)))
            let before = bearings(of: container)
            container.forget(name)
            retract(container, on: network)
            tell("container \(container.id) still has the network \(name) in its files") {
                try rewriteFiles(of: container, since: before)
            }
        }
        try await write(spec, of: container)
        tell(.containerUpdated, of: container)
        changed(container)
        return container.view
    }

    /// Lets this much pass a container's connection, at once where it runs; what is left out is without a limit.
    ///
    /// - Parameter network: `nil`: its first.
    public func limit(_ target: String, on network: String?, to bandwidth: Bandwidth) async throws -> ContainerView {
        let container = try find(target)
        await container.turn.take()
        defer { container.turn.give() }
        try stillHere(container)
        let before = container.record.spec
        let name = try NetworkName(network ?? before.connections[0].network)
        let spec = try before.limited(on: name, to: bandwidth)
        try await write(spec, of: container)
        do {
            if container.life.state.pid != nil, let process = container.process, let record = networks[name] {
                try await driver(of: record).limit(
                    BandwidthRequest(
                        container: container.id, network: name, bandwidth: bandwidth,
                        namespace: try NetworkNamespace.of(process)))
            }
        } catch {
            try? await write(before, of: container)
            throw AgentError(wrapping: error, "the bandwidth could not be limited")
        }
        tell(.containerUpdated, of: container)
        changed(container)
        return container.view
    }

    func write(_ spec: ContainerSpec, of container: Container) async throws {
        container.record.spec = spec
        try await parts.ledger.rewrite(container.present)
    }
}

// MARK: Values

extension ContainerSpec {
    fileprivate func connected(to connection: NetworkConnection) throws(AgentError) -> ContainerSpec {
        guard network != "host", connections[0].sharedContainer == nil else {
            throw AgentError(
                .networkRefused, "the container has the network \(network): there can be no other beside it")
        }
        guard connection.network != "host", connection.network != "none", connection.sharedContainer == nil else {
            throw AgentError(
                .networkRefused, "a container can have \(connection.network) only from its start, and alone")
        }
        guard !connections.contains(where: { $0.network == connection.network }) else {
            throw AgentError(.networkInUse, "the container is on the network \(connection.network) already")
        }
        var spec = self
        spec.networks = (network == "none" ? [] : connections) + [connection]
        spec.network = spec.networks?.first?.network ?? network
        try spec.validate()
        return spec
    }

    fileprivate func limited(on name: NetworkName, to bandwidth: Bandwidth) throws(AgentError) -> ContainerSpec {
        var spec = self
        var all = connections
        guard let index = all.firstIndex(where: { $0.network == name.description }) else {
            throw AgentError(.networkNotFound, "the container is not on the network \(name)")
        }
        all[index].bandwidth = bandwidth == Bandwidth() ? nil : bandwidth
        spec.networks = all == [NetworkConnection(network)] ? nil : all
        try spec.validate()
        return spec
    }

    fileprivate func disconnected(from name: NetworkName) throws(AgentError) -> ContainerSpec {
        let left = connections.filter { $0.network != name.description }
        guard left.count < connections.count, name.description != "none", name.description != "host" else {
            throw AgentError(.networkNotFound, "the container is not on a network \(name) that it could leave")
        }
        var spec = self
        spec.networks = left.isEmpty ? nil : left
        spec.network = left.first?.network ?? "none"
        return spec
    }
}

extension Attachment {
    fileprivate func madeNamespace(besides network: NetworkName) throws(AgentError) -> Descriptor {
        if case .made(let namespace) = namespace { return namespace }
        throw AgentError(
            .networkRefused,
            "the network \(network) can't be joined beside the first one, which stands alone: leave that out")
    }
}

extension Container {
    /// Keeps what a network gave.
    fileprivate func note(_ attachment: Attachment, _ request: AttachRequest) {
        let record = ConnectionRecord(
            network: request.network, interface: request.interface, handle: attachment.handle,
            resolvConf: attachment.resolvConf.isEmpty ? nil : attachment.resolvConf)
        if record.handle != .null || !attachment.addresses.isEmpty {
            self.record.connections = (self.record.connections ?? []) + [record]
        }
        guard !attachment.addresses.isEmpty else { return }
        let status = ConnectionStatus(
            network: request.network.description, interface: request.interface, addresses: attachment.addresses,
            gateways: attachment.gateways, mac: attachment.mac)
        var connections = self.record.network?.connections ?? []
        connections.append(status)
        self.record.network = NetworkStatus(connections, ports: (self.record.network?.ports ?? []) + attachment.ports)
    }

    /// Nothing of that network is kept any more.
    fileprivate func forget(_ network: NetworkName) {
        record.connections?.removeAll { $0.network == network }
        guard let status = record.network else { return }
        let left = (status.connections ?? []).filter { $0.network != network.description }
        record.network = left.isEmpty ? nil : NetworkStatus(left, ports: status.ports)
    }
}

extension NetworkStatus {
    init(_ connections: [ConnectionStatus], ports: [PortMapping]) {
        self.init(addresses: connections.flatMap(\.addresses), ports: ports, connections: connections)
    }
}
