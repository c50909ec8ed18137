internal import Drivers
internal import JSON
internal import Model
internal import Wire

/// The methods of a kind of driver by name, each bound to the protocol's function.
struct MethodTable<Driver: Drivers.Driver>: Sendable {
    typealias Function = @Sendable (Driver, PackedMessage) async throws -> PackedMessage

    private var functions: [String: Function] = [:]

    /// The methods that every driver has.
    init() {
        on(.status) { driver, _ in try await driver.status() }
        on(.recover) { driver, request in
            try await driver.recover(request.handles)
            return NoValue()
        }
        on(.collect) { driver, request in try await RemovedThings(driver.collect(valid: request.valid)) }
    }

    var names: [String] { functions.keys.sorted() }

    mutating func on<Parameters, Reply>(
        _ method: DriverMethod<Parameters, Reply>,
        _ function: @escaping @Sendable (Driver, Parameters) async throws -> Reply
    ) {
        functions[method.name] = { driver, message in
            let parameters = try message.unpack(Parameters.self, unknownKeys: .refuse)
            return try await PackedMessage(function(driver, parameters))
        }
    }

    func call(_ method: String, _ driver: Driver, _ message: PackedMessage) async throws -> PackedMessage {
        guard let function = functions[method] else {
            throw AgentError(.methodUnknown, "this driver has no method \"\(method)\"; it has \(names)")
        }
        return try await function(driver, message)
    }
}

extension MethodTable where Driver: StorageDriver {
    static var storage: Self {
        var table = Self()
        table.on(.beginLayer) { driver, layer in try await driver.beginLayer(layer) }
        table.on(.commitLayer) { driver, layer in
            try await driver.commitLayer(layer)
            return NoValue()
        }
        table.on(.removeLayer) { driver, layer in
            try await driver.removeLayer(layer)
            return NoValue()
        }
        table.on(.layers) { driver, _ in try await LayerList(driver.layers()) }
        table.on(.prepareRootfs) { driver, request in try await driver.prepareRootfs(request) }
        table.on(.releaseRootfs) { driver, container in
            try await driver.releaseRootfs(container)
            return NoValue()
        }
        table.on(.removeRootfs) { driver, container in
            try await driver.removeRootfs(container)
            return NoValue()
        }
        table.on(.changes) { driver, request in try await RootfsChanges(driver.changes(of: request)) }
        table.on(.writtenLayer) { driver, container in try await driver.writtenLayer(of: container) }
        table.on(.usage) { driver, _ in try await driver.usage() }
        table.on(.checkSizes) { driver, _ in
            try await driver.checkSizes()
            return NoValue()
        }
        table.onVolumes()
        return table
    }

    private mutating func onVolumes() {
        on(.createVolume) { driver, request in try await driver.createVolume(request) }
        on(.volume) { driver, name in try await driver.volume(name) }
        on(.volumes) { driver, _ in try await KnownVolumes(driver.volumes()) }
        on(.removeVolume) { driver, name in
            try await driver.removeVolume(name)
            return NoValue()
        }
        on(.openVolume) { driver, request in try await driver.openVolume(request) }
        on(.settleVolume) { driver, name in
            try await driver.settleVolume(name)
            return NoValue()
        }
    }
}

extension MethodTable where Driver: NetworkDriver {
    static var network: Self {
        var table = Self()
        table.on(.createNetwork) { driver, request in try await driver.create(request) }
        table.on(.removeNetwork) { driver, target in
            try await driver.remove(target.network)
            return NoValue()
        }
        table.on(.restoreNetworks) { driver, known in
            try await driver.restore(known.networks)
            return NoValue()
        }
        table.on(.attach) { driver, request in try await driver.attach(request) }
        table.on(.detach) { driver, request in
            try await driver.detach(request)
            return NoValue()
        }
        table.on(.publish) { driver, request in try await driver.publish(request) }
        table.on(.serve) { driver, request in try await driver.serve(request) }
        table.on(.unserve) { driver, target in
            try await driver.unserve(target)
            return NoValue()
        }
        table.on(.enforce) { driver, request in
            try await driver.enforce(request.policies)
            return NoValue()
        }
        table.on(.explainPorts) { driver, target in try await PortPaths(driver.explain(target)) }
        table.on(.limit) { driver, request in
            try await driver.limit(request)
            return NoValue()
        }
        return table
    }
}

extension MethodTable where Driver: IsolationDriver {
    static var isolation: Self {
        var table = Self()
        table.on(.check) { driver, _ in try await driver.check() }
        table.on(.plan) { driver, request in try await driver.plan(request) }
        table.on(.planExec) { driver, request in try await driver.planExec(request) }
        table.on(.settings) { driver, change in
            try await CgroupSettings(driver.settings(for: change.limits, replacing: change.old))
        }
        table.on(.explain) { driver, request in try await driver.explain(request) }
        return table
    }
}
