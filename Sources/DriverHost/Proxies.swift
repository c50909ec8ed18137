public import Drivers
public import Model
internal import Wire

/// A loaded driver as the engine sees it. The protocol's own documentation holds.
protocol DriverProxy: Driver {
    var driver: LoadedDriver { get }
}

extension DriverProxy {
    func askStatus() async throws -> DriverStatus { try await driver.call(.status, NoValue()) }
    /// A driver that keeps nothing has neither of these two methods, and is not opened for them.
    func askRecover(_ handles: [ContainerHandle]) async throws {
        guard driver.has(.recover) else { return }
        _ = try await driver.call(.recover, ContainerHandles(handles))
    }
    func askCollect(_ valid: Set<ContainerID>) async throws -> [String] {
        guard driver.has(.collect) else { return [] }
        return try await driver.call(.collect, ValidContainers(valid)).removed
    }
}

/// A storage driver behind a shared object.
public struct LoadedStorageDriver: StorageDriver, DriverProxy {
    let driver: LoadedDriver

    public func status() async throws -> DriverStatus { try await askStatus() }
    public func recover(_ handles: [ContainerHandle]) async throws { try await askRecover(handles) }
    public func collect(valid: Set<ContainerID>) async throws -> [String] { try await askCollect(valid) }

    public func beginLayer(_ id: LayerID) async throws -> LayerDraft { try await driver.call(.beginLayer, id) }
    public func commitLayer(_ id: LayerID) async throws { _ = try await driver.call(.commitLayer, id) }
    public func removeLayer(_ id: LayerID) async throws { _ = try await driver.call(.removeLayer, id) }
    public func layers() async throws -> [LayerID] { try await driver.call(.layers, NoValue()).layers }
    public func prepareRootfs(_ request: RootfsRequest) async throws -> Rootfs {
        try await driver.call(.prepareRootfs, request)
    }
    public func releaseRootfs(_ container: ContainerID) async throws {
        _ = try await driver.call(.releaseRootfs, container)
    }
    public func removeRootfs(_ container: ContainerID) async throws {
        _ = try await driver.call(.removeRootfs, container)
    }
    public func changes(of request: RootfsRequest) async throws -> [RootfsChange] {
        try await driver.call(.changes, request).changes
    }
    public func writtenLayer(of container: ContainerID) async throws -> LayerDraft {
        try await driver.call(.writtenLayer, container)
    }
    public func usage() async throws -> StorageUsage { try await driver.call(.usage, NoValue()) }
    public func checkSizes() async throws { _ = try await driver.call(.checkSizes, NoValue()) }

    public func createVolume(_ request: VolumeRequest) async throws -> Volume {
        try await driver.call(.createVolume, request)
    }
    public func volume(_ name: VolumeName) async throws -> Volume { try await driver.call(.volume, name) }
    public func volumes() async throws -> [Volume] { try await driver.call(.volumes, NoValue()).volumes }
    public func removeVolume(_ name: VolumeName) async throws { _ = try await driver.call(.removeVolume, name) }
    public func openVolume(_ request: VolumeOpening) async throws -> OpenedVolume {
        try await driver.call(.openVolume, request)
    }
    public func settleVolume(_ name: VolumeName) async throws { _ = try await driver.call(.settleVolume, name) }
}

/// A network driver behind a shared object.
public struct LoadedNetworkDriver: NetworkDriver, DriverProxy {
    let driver: LoadedDriver

    public func status() async throws -> DriverStatus { try await askStatus() }
    public func recover(_ handles: [ContainerHandle]) async throws { try await askRecover(handles) }
    public func collect(valid: Set<ContainerID>) async throws -> [String] { try await askCollect(valid) }

    public func create(_ request: NetworkRequest) async throws -> MadeNetwork {
        guard driver.has(.createNetwork) else { return MadeNetwork() }
        return try await driver.call(.createNetwork, request)
    }
    public func remove(_ network: NetworkName) async throws {
        guard driver.has(.removeNetwork) else { return }
        _ = try await driver.call(.removeNetwork, NetworkTarget(network))
    }
    public func restore(_ networks: [NetworkRequest]) async throws {
        guard driver.has(.restoreNetworks) else { return }
        _ = try await driver.call(.restoreNetworks, KnownNetworks(networks))
    }
    public func attach(_ request: AttachRequest) async throws -> Attachment { try await driver.call(.attach, request) }
    public func detach(_ request: DetachRequest) async throws { _ = try await driver.call(.detach, request) }
    public func publish(_ request: PublishRequest) async throws -> Attachment.Changed {
        guard driver.has(.publish) else {
            throw AgentError(.portRefused, "the driver of the network \(request.network) can't publish ports")
        }
        return try await driver.call(.publish, request)
    }
    public func serve(_ request: ServiceRequest) async throws -> ServedService {
        guard driver.has(.serve) else {
            throw AgentError(.serviceRefused, "the driver of the network \(request.spec.network) has no services")
        }
        return try await driver.call(.serve, request)
    }
    public func enforce(_ policies: [PolicySpec]) async throws {
        guard driver.has(.enforce) else {
            if let policy = policies.first { throw AgentError(unenforced: policy) }
            return
        }
        _ = try await driver.call(.enforce, Policies(policies))
    }
    public func explain(_ target: ConnectionTarget) async throws -> [PortPath] {
        guard driver.has(.explainPorts) else {
            throw AgentError(.portRefused, "the driver of the network \(target.network) can't tell of its ports")
        }
        return try await driver.call(.explainPorts, target).paths
    }
    public func unserve(_ service: ServiceTarget) async throws {
        guard driver.has(.unserve) else { return }
        _ = try await driver.call(.unserve, service)
    }
    public func limit(_ request: BandwidthRequest) async throws {
        guard driver.has(.limit) else {
            throw AgentError(.limitUnavailable, "the driver of the network \(request.network) can't limit bandwidth")
        }
        _ = try await driver.call(.limit, request)
    }
}

/// An isolation driver behind a shared object.
public struct LoadedIsolationDriver: IsolationDriver, DriverProxy {
    let driver: LoadedDriver

    public func status() async throws -> DriverStatus { try await askStatus() }
    public func recover(_ handles: [ContainerHandle]) async throws { try await askRecover(handles) }
    public func collect(valid: Set<ContainerID>) async throws -> [String] { try await askCollect(valid) }

    public func check() async throws -> HostCheck { try await driver.call(.check, NoValue()) }
    public func plan(_ request: PlanRequest) async throws -> IsolationPlan { try await driver.call(.plan, request) }
    public func planExec(_ request: ExecPlanRequest) async throws -> IsolationPlan {
        try await driver.call(.planExec, request)
    }
    public func settings(for limits: Limits, replacing old: Limits) async throws -> [CgroupSetting] {
        try await driver.call(.settings, LimitsChange(old: old, limits: limits)).settings
    }
    public func explain(_ request: ExplainRequest) async throws -> Explanation {
        try await driver.call(.explain, request)
    }
}
