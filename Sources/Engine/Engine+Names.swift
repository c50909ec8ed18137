internal import Drivers
internal import Linux
internal import Model

extension Engine {
    // MARK: Networks

    /// A network's name server begins to answer; see ``settleNames(of:)``.
    func announce(_ network: NetworkRecord) {
        guard let names = parts.names, network.hasNames else { return }
        tell("the names of the network \(network.spec.name) are not known") {
            try names.post(
                NameBoard.Network(
                    name: network.spec.name.description, listen: network.state.gateways, subnets: network.state.subnets,
                    forward: network.spec.isInternal != true))
        }
        names.wake()
    }

    /// Waits until the name server listens at these networks or has said that it can't, a second at the most: containers
    /// that start before would not know of it.
    func settleNames(of networks: some Collection<NetworkRecord>) async {
        guard let names = parts.names else { return }
        let addresses = networks.flatMap(\.state.gateways)
        for _ in 0..<100 where !names.hasWord(of: addresses) { try? await pause(.milliseconds(10)) }
    }

    func retract(_ network: NetworkName) {
        tell("the network \(network) is still known to the name server") {
            try parts.names?.takeDown(network: network.description)
        }
    }

    /// Where a network's own name server answers now.
    func nameServers(of network: NetworkName) -> [String] {
        guard let names = parts.names, let gateways = networks[network]?.state.gateways else { return [] }
        return names.listening(of: gateways)
    }

    // MARK: Containers and services

    /// Others on its networks find it by its names from here on.
    func announce(_ container: Container) {
        guard let names = parts.names, let network = container.record.network else { return }
        let spec = container.record.spec
        for connection in network.connections ?? [] where hasNames(connection.network) {
            let aliases = spec.connections.first { $0.network == connection.network }?.aliases ?? []
            let known = [spec.name?.description, container.hostname, container.id.description]
            let own = known.compactMap { $0 } + aliases
            tell("container \(container.id) is not found by its name") {
                try names.post(
                    NameBoard.Entry(
                        owner: container.id.description, network: connection.network,
                        names: own.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
                        addresses: connection.addresses.map { String($0.prefix { $0 != "/" }) },
                        servers: spec.dns?.servers))
            }
        }
    }

    func retract(_ container: Container, on network: String) {
        guard hasNames(network) else { return }
        tell("container \(container.id) is still found by its name") {
            try parts.names?.takeDown(container.id.description, on: network)
        }
    }

    private func hasNames(_ network: String) -> Bool {
        (try? NetworkName(network)).flatMap { networks[$0] }?.hasNames ?? false
    }

    func announce(_ service: ServiceRecord) {
        tell("the service \(service.spec.name) is not found by its name") {
            try parts.names?.post(
                NameBoard.Entry(
                    owner: Self.owner(service.spec), network: service.spec.network.description,
                    names: [service.spec.name.description], addresses: service.addresses))
        }
    }

    func retract(_ service: ServiceSpec) {
        tell("the service \(service.name) is still found by its name") {
            try parts.names?.takeDown(Self.owner(service), on: service.network.description)
        }
    }

    /// No container's id has a letter beyond f.
    private static func owner(_ service: ServiceSpec) -> String { "service-\(service.name)" }

    /// All that an earlier agent knew, and no more.
    func announceAll() async {
        guard let names = parts.names else { return }
        for network in networks.values { announce(network) }
        let alive = containers.values.filter { $0.life.state.pid != nil }
        for container in alive { announce(container) }
        for service in services.values { announce(service.record) }
        let entries =
            alive.flatMap { container in
                (container.record.network?.connections ?? []).map {
                    NameBoard.key(container.id.description, on: $0.network)
                }
            } + services.values.map { NameBoard.key(Self.owner($0.record.spec), on: "\($0.record.spec.network)") }
        tell("old names stay") {
            try names.keep(networks: Set(networks.keys.map(\.description)), entries: Set(entries))
        }
        await settleNames(of: networks.values)
    }

    func tell(_ failure: String, _ body: () throws -> Void) {
        do { try body() } catch { parts.complain(AgentError(.hostFailed, failure).caused(by: error), nil) }
    }
}

extension NetworkRecord {
    /// Whether the host has addresses in it, at which a name server can be asked.
    fileprivate var hasNames: Bool { !state.gateways.isEmpty }
}
