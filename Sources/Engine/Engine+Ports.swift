internal import Drivers
public import Model

extension Engine {
    /// Lets more ports of the host lead to a container, at once where it runs. All or nothing; one that is there already is
    /// no error.
    public func publish(_ ports: [PortMapping], of target: String) async throws -> ContainerView {
        try await changePorts(of: target) { spec, _ in
            let own = spec.ports ?? []
            let known = Set(own)
            spec.ports = own + ports.filter { !known.contains($0) }
        }
    }

    /// Takes ports away, at once where the container runs. Throws `port.refused` for one that it does not have.
    public func withdraw(_ ports: [PortMapping], of target: String) async throws -> ContainerView {
        try await changePorts(of: target) { spec, all in
            let own = Dictionary(grouping: all, by: \.inner)
            for port in ports where own[port.inner]?.contains(where: port.means) != true {
                throw AgentError(.portRefused, "\(port) is not published: `davit port` lists what is")
            }
            let gone = Dictionary(grouping: ports, by: \.inner)
            // What the image exposes is named from now on, for one of that may be among those that go.
            spec.ports = all.filter { own in gone[own.inner]?.contains { $0.means(own) } != true }
            spec.publishAll = nil
        }
    }

    /// The path of a packet to each published port of a running container, to its program.
    public func explainPorts(of target: String) async throws -> [PortPath] {
        let container = try find(target)
        guard let pid = container.life.state.pid, let network = publishing(container) else {
            throw AgentError(
                .containerWrongState, "container \(target) does not run, or has no network with ports: there is no path"
            )
        }
        let paths = try await driver(of: network).explain(ConnectionTarget(container.id, on: network.spec.name))
        return paths.map { path in
            PortPath(port: path.port, steps: path.steps + [ListeningSockets(ofProcess: pid).step(path.port)])
        }
    }

    /// The network whose ports are published.
    private func publishing(_ container: Container) -> NetworkRecord? {
        let records = container.record.spec.connections.compactMap { connection in
            (try? NetworkName(connection.network)).flatMap { networks[$0] }
        }
        return records.first { $0.spec.isInternal != true } ?? records.first
    }

    /// - Parameter change: changes the spec; it is told all ports that are wanted now, those of the image among them.
    private func changePorts(
        of target: String, _ change: (inout ContainerSpec, [PortMapping]) throws -> Void
    ) async throws -> ContainerView {
        let container = try find(target)
        await container.turn.take()
        defer { container.turn.give() }
        try stillHere(container)
        let before = container.record.spec
        let image = try await parts.images.resolve(container.record.image).config
        var spec = before
        try change(&spec, before.published(by: image))
        try spec.validate()
        // Published first, written once: after a crash in between the driver takes up what the record has, the ports of before.
        do {
            try await publish(spec.published(by: image), of: container)
            try await write(spec, of: container)
        } catch {
            try? await publish(before.published(by: image), of: container)
            try? await write(before, of: container)
            throw AgentError(wrapping: error, "the ports could not be changed")
        }
        tell(.containerUpdated, of: container)
        return container.view
    }

    /// Changes what leads to the container, where it runs, and what is remembered of that; nothing is written.
    private func publish(_ ports: [PortMapping], of container: Container) async throws {
        guard container.life.state.pid != nil else { return }
        guard let network = publishing(container) else {
            throw AgentError(
                .portRefused, "the container has no network whose ports could be published: connect it to one")
        }
        let changed = try await driver(of: network).publish(
            PublishRequest(container: container.id, network: network.spec.name, ports: ports))
        container.keep(changed, of: network.spec.name)
    }
}

extension ContainerSpec {
    /// The ports that were asked for; with `publishAll` those of the image, too, that were not.
    func published(by image: ImageConfig) -> [PortMapping] {
        let asked = ports ?? []
        guard publishAll == true else { return asked }
        return asked
            + image.exposedPorts.compactMap { PortMapping(exposed: $0) }.filter { exposed in
                !asked.contains { $0.inner == exposed.inner }
            }
    }
}

extension PortMapping {
    fileprivate struct Inner: Hashable {
        var port: Int
        var transport: Transport
    }

    /// The container's end.
    fileprivate var inner: Inner { Inner(port: containerPort, transport: transport) }

    /// Whether this, where it says something, says the same.
    fileprivate func means(_ other: PortMapping) -> Bool {
        inner == other.inner && (hostPort == nil || hostPort == other.hostPort)
            && (address == nil || address == other.address)
    }
}

extension Container {
    fileprivate func keep(_ changed: Attachment.Changed, of network: NetworkName) {
        for index in record.connections?.indices ?? 0..<0 where record.connections?[index].network == network {
            record.connections?[index].handle = changed.handle
        }
        record.network?.ports = changed.ports
    }
}
