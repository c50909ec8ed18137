internal import Drivers
internal import JSON
public import Model

/// A network, and the containers that keep it from being removed.
public struct NetworkView: Sendable, Hashable {
    public var spec: NetworkSpec
    public var state: NetworkState
    /// Nanoseconds since 1970; 0 for one that was not made yet, or needs no making.
    public var createdAt: Int64
    public var containers: [ContainerID]
}

// MARK: What somebody asks for

extension Engine {
    /// Makes a network. Throws `network.exists`, `network.refused`, `network.exhausted` and `driver.not_found`.
    public func createNetwork(_ spec: NetworkSpec) async throws -> NetworkView {
        guard parts.networkDrivers[spec.driver] != nil else {
            let known = parts.networkDrivers.keys.sorted().joined(separator: ", ")
            throw AgentError(.driverNotFound, "there is no network driver \"\(spec.driver)\": there are \(known)")
        }
        guard spec.name.description != NetworkConnection.defaultName else {
            throw AgentError(
                .networkRefused, "\(spec.name) is the word for the network of containers that name none: take another")
        }
        return try await inTurn(spec.name) {
            guard networks[spec.name] == nil, parts.networkDrivers[spec.name.description] == nil else {
                throw AgentError(.networkExists, "there is a network \(spec.name): choose another name, or remove it")
            }
            return view(of: try await make(spec))
        }
    }

    /// All networks by name, those that are there with their drivers among them.
    public func networkViews() -> [NetworkView] {
        let unmade = parts.networkDrivers.keys.compactMap { Self.defaultNetwork($0) }.filter {
            networks[$0.name] == nil
        }
        let views = networks.values.map(view(of:)) + unmade.map { view(of: Self.unmade($0)) }
        return views.sorted { $0.spec.name.description < $1.spec.name.description }
    }

    /// Throws `network.not_found`.
    public func network(_ name: String) throws -> NetworkView {
        let name = try NetworkName(name)
        if let record = networks[name] { return view(of: record) }
        guard parts.networkDrivers[name.description] != nil, let spec = Self.defaultNetwork(name.description) else {
            throw unknown(name)
        }
        return view(of: Self.unmade(spec))
    }

    /// Throws `network.not_found`, and `network.in_use` while any container is or shall be connected to it.
    public func removeNetwork(_ name: String) async throws {
        let name = try NetworkName(name)
        try await inTurn(name) {
            guard let record = networks[name], !record.isPlain else {
                guard parts.networkDrivers[name.description] != nil else { throw unknown(name) }
                throw AgentError(.networkRefused, "the network \(name) is always there: it can't be removed")
            }
            if let service = services.values.first(where: { $0.record.spec.network == name }) {
                throw AgentError(
                    .networkInUse,
                    "the service \(service.record.spec.name) is on the network \(name): remove the service first")
            }
            if let policy = policies.values.first(where: { $0.spec.networks.contains(name) }) {
                throw AgentError(
                    .networkInUse,
                    "the policy \(policy.spec.name) names the network \(name): remove the policy first")
            }
            if let user = users(of: name).first {
                throw AgentError(
                    .networkInUse,
                    "container \(user) is on the network \(name): disconnect or remove the container first",
                    details: ["container": .string(user.description)])
            }
            try await unmake(record)
        }
    }

    /// Removes the networks that no container is on, but for those that are made on first use; answers which.
    public func pruneNetworks() async throws -> [NetworkName] {
        let unused = networks.values.filter { record in
            !record.isPlain && parts.networkDrivers[record.spec.name.description] == nil
                && users(of: record.spec.name).isEmpty
                && !services.values.contains { $0.record.spec.network == record.spec.name }
                && !policies.values.contains { $0.spec.networks.contains(record.spec.name) }
        }
        var removed: [NetworkName] = []
        for name in unused.map(\.spec.name).sorted(by: { $0.description < $1.description }) {
            do {
                try await removeNetwork(name.description)
                removed.append(name)
            } catch let error as AgentError {
                guard error.code == .networkInUse || error.code == .networkNotFound else { throw error }
            }
        }
        return removed
    }

    /// From here on nobody finds it; a failure brings it back.
    private func unmake(_ record: NetworkRecord) async throws {
        let name = record.spec.name
        networks[name] = nil
        do {
            try await parts.networkDrivers[record.spec.driver]?.remove(name)
            try await parts.ledger.networks.remove(name)
        } catch {
            networks[name] = record
            throw AgentError(wrapping: error, "the network \(name) could not be removed")
        }
        retract(name)
        tell(.networkRemoved, subject: name.description)
    }

    private func users(of network: NetworkName) -> [ContainerID] {
        containers.values.filter { container in
            container.record.spec.connections.contains { $0.network == network.description }
        }.map(\.id).sorted { $0.description < $1.description }
    }

    private func view(of record: NetworkRecord) -> NetworkView {
        NetworkView(
            spec: record.spec, state: record.state, createdAt: record.createdAt, containers: users(of: record.spec.name)
        )
    }

    private func unknown(_ name: NetworkName) -> AgentError {
        let known = Set(networks.keys.map(\.description)).union(parts.networkDrivers.keys).sorted()
        return AgentError(
            .networkNotFound, "there is no network \"\(name)\": there are \(known.joined(separator: ", "))")
    }
}

// MARK: What containers need

extension Engine {
    private func inTurn<Value>(_ name: NetworkName, _ body: () async throws -> Value) async rethrows -> Value {
        await networkTurns.enter(name).take()
        defer { networkTurns.leave(name) }
        return try await body()
    }

    /// Whether there is such a network, or one of that name comes to be with its first container.
    func checkNetwork(_ name: String) throws {
        let network = try NetworkName(name)
        guard networks[network] == nil, parts.networkDrivers[name] == nil else { return }
        throw unknown(network)
    }

    /// The network of that name; the one that has the name of a driver is made on first use.
    func network(forUse name: NetworkName) async throws -> NetworkRecord {
        if let known = networks[name] { return known }
        return try await inTurn(name) {
            if let known = networks[name] { return known }
            guard parts.networkDrivers[name.description] != nil, let spec = Self.defaultNetwork(name.description) else {
                throw unknown(name)
            }
            return try await make(spec)
        }
    }

    /// In the network's turn. The kernel's things come first: what a crash leaves of them the driver finds again by the
    /// name, when somebody asks for it again.
    private func make(_ spec: NetworkSpec) async throws -> NetworkRecord {
        guard let driver = parts.networkDrivers[spec.driver] else {
            throw AgentError(.driverNotFound, "there is no network driver \"\(spec.driver)\" any more")
        }
        let made = try await driver.create(NetworkRequest(spec))
        let record = NetworkRecord(spec: spec, state: made.state, handle: made.handle, createdAt: now())
        if !record.isPlain {
            do { try await parts.ledger.networks.save(record, as: spec.name) } catch {
                try? await driver.remove(spec.name)
                throw AgentError(wrapping: error, "the network \(spec.name) could not be recorded")
            }
            tell(.networkCreated, subject: spec.name.description)
        }
        networks[spec.name] = record
        announce(record)
        await settleNames(of: [record])
        return record
    }

    /// Takes up what the ledger knows, and tells the drivers.
    func recoverNetworks() async {
        let (records, problems) = parts.ledger.networks.load { (record: NetworkRecord) in record.spec.name }
        for problem in problems { parts.complain(problem, nil) }
        for record in records { networks[record.spec.name] = record }
        for (name, driver) in parts.networkDrivers {
            let own = records.filter { $0.spec.driver == name }.map(\.request)
            guard !own.isEmpty else { continue }
            await attempt("telling the driver \(name) of its networks") { try await driver.restore(own) }
        }
    }

    private static func defaultNetwork(_ driver: String) -> NetworkSpec? {
        (try? NetworkName(driver)).map { NetworkSpec(name: $0, driver: driver) }
    }

    private static func unmade(_ spec: NetworkSpec) -> NetworkRecord {
        NetworkRecord(spec: spec, state: NetworkState(), handle: .null, createdAt: 0)
    }
}
