internal import Drivers
internal import JSON
public import Model

/// A service, and who stands behind it.
public struct ServiceView: Sendable, Hashable {
    public var spec: ServiceSpec
    /// Its own, without a length.
    public var addresses: [String]
    public var backends: [ServiceBackend]
    /// Nanoseconds since 1970.
    public var createdAt: Int64
}

// MARK: What somebody asks for

extension Engine {
    /// Makes a service. Throws `service.exists`, `network.not_found`, `port.in_use` and what else the driver refuses.
    public func createService(_ spec: ServiceSpec) async throws -> ServiceView {
        try spec.validate()
        let network = try await network(forUse: spec.network)
        return try await inServiceTurn(spec.name) {
            guard services[spec.name] == nil else {
                throw AgentError(.serviceExists, "there is a service \(spec.name): choose another name, or remove it")
            }
            let backends = backends(of: spec)
            let served = try await driver(of: network).serve(ServiceRequest(spec, backends: backends))
            let record = ServiceRecord(
                spec: spec, addresses: served.addresses, handle: served.handle, createdAt: now())
            do { try await parts.ledger.services.save(record, as: spec.name) } catch {
                try? await driver(of: network).unserve(ServiceTarget(spec.name, on: spec.network))
                throw AgentError(wrapping: error, "the service \(spec.name) could not be recorded")
            }
            services[spec.name] = Service(record: record, backends: backends)
            announce(record)
            tell(.serviceCreated, subject: spec.name.description)
            // Somebody may have come or gone meanwhile.
            lookAgain(at: spec.name)
            return try service(spec.name.description)
        }
    }

    /// All services, by name.
    public func serviceViews() -> [ServiceView] {
        services.values.map(\.view).sorted { $0.spec.name.description < $1.spec.name.description }
    }

    /// Throws `service.not_found`.
    public func service(_ name: String) throws -> ServiceView {
        guard let service = services[try NetworkName(name)] else {
            throw AgentError(.serviceNotFound, "there is no service \"\(name)\"")
        }
        return service.view
    }

    /// Throws `service.not_found`.
    public func removeService(_ name: String) async throws {
        let name = try NetworkName(name)
        try await inServiceTurn(name) {
            let record = try service(name.description)
            try await networkDriver(of: record.spec)?.unserve(ServiceTarget(name, on: record.spec.network))
            try await parts.ledger.services.remove(name)
            services[name] = nil
            retract(record.spec)
            tell(.serviceRemoved, subject: name.description)
        }
    }

    private func networkDriver(of spec: ServiceSpec) -> (any NetworkDriver)? {
        networks[spec.network].flatMap { parts.networkDrivers[$0.spec.driver] }
    }

    private func inServiceTurn<Value>(_ name: NetworkName, _ body: () async throws -> Value) async rethrows -> Value {
        await serviceTurns.enter(name).take()
        defer { serviceTurns.leave(name) }
        return try await body()
    }
}

// MARK: Who stands behind it

extension Engine {
    /// Those of its network that have its labels, run, and are well as far as anybody asked.
    private func backends(of spec: ServiceSpec) -> [ServiceBackend] {
        containers.values.compactMap { container in
            guard container.serves(spec) else { return nil }
            let connection = container.record.network?.connections?.first { $0.network == spec.network.description }
            guard let addresses = connection?.addresses, !addresses.isEmpty else { return nil }
            return ServiceBackend(
                container: container.id, addresses: addresses.map { String($0.prefix { $0 != "/" }) })
        }.sorted { $0.container.description < $1.container.description }
    }

    /// To be called whenever a container's state, health or networks have changed. Quick where nothing follows.
    func followServices(of container: Container) {
        for (name, service) in services {
            let stood = service.backends.contains { $0.container == container.id }
            if stood != container.serves(service.record.spec) || stood { lookAgain(at: name) }
        }
    }

    private func lookAgain(at name: NetworkName) {
        guard services[name]?.isDue == false else { return }
        services[name]?.isDue = true
        later { await self.rebalance(name) }
    }

    private func rebalance(_ name: NetworkName) async {
        await inServiceTurn(name) {
            services[name]?.isDue = false
            guard let service = services[name] else { return }
            let backends = backends(of: service.record.spec)
            guard backends != service.backends else { return }
            do { try await serve(service, backends) } catch {
                parts.complain(
                    AgentError(.driverFailed, "the service \(name) could not be balanced anew").caused(by: error), nil)
                // It is tried again when anything changes.
            }
        }
    }

    private func serve(_ service: Service, _ backends: [ServiceBackend]) async throws {
        let (spec, name) = (service.record.spec, service.record.spec.name)
        guard let driver = networkDriver(of: spec) else { return }
        let served = try await driver.serve(ServiceRequest(spec, backends: backends, handle: service.record.handle))
        var record = service.record
        (record.addresses, record.handle) = (served.addresses, served.handle)
        services[name]?.record = record
        services[name]?.backends = backends
        tell(.serviceChanged, subject: name.description)
        try await parts.ledger.services.save(record, as: name)
    }

    /// Takes up what the ledger knows, before the drivers hear of the containers.
    func recoverServices() async {
        let (records, problems) = parts.ledger.services.load { (record: ServiceRecord) in record.spec.name }
        for problem in problems { parts.complain(problem, nil) }
        for record in records {
            services[record.spec.name] = Service(record: record)
            await attempt("taking up the service \(record.spec.name)") {
                try await serve(Service(record: record), backends(of: record.spec))
            }
        }
    }
}

extension Container {
    fileprivate func serves(_ spec: ServiceSpec) -> Bool {
        guard case .running = life.state, record.network != nil, ready ?? true else { return false }
        guard record.health == nil || health?.status == .healthy else { return false }
        let labels = record.labels ?? record.spec.labels
        return spec.selector.allSatisfy { labels[$0.key] == $0.value }
    }
}

extension Service {
    fileprivate var view: ServiceView {
        ServiceView(
            spec: record.spec, addresses: record.addresses, backends: backends, createdAt: record.createdAt)
    }
}
