internal import CDavitDriver
public import Drivers
internal import JSON
internal import Linux
public import Model
internal import Synchronization
public import Wire

/// The agent's side of its drivers: finds, checks, tries out, loads and keeps them.
///
/// A refused driver is listed with its reason and harms nothing. One that is fit is opened by its first call and stays
/// until the process ends; a new version takes effect at the agent's next start.
public final class DriverHost: Sendable {
    /// The interface number that this agent speaks.
    public static var abi: UInt32 { DAVIT_DRIVER_ABI }

    private struct Refusal: Sendable {
        var info: DriverInfo
        var error: AgentError
    }

    private struct State: Sendable {
        var loaded: [String: LoadedDriver] = [:]
        var refused: [Refusal] = []
    }

    private let directories: [String]
    private let configuration: DriverHostConfiguration
    private let notice: @Sendable (DriverNotice) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - directories: Looked through in order; the first driver of a kind and name wins. Each must belong to root and
    ///     be writable by nobody else, as must what is in it.
    ///   - notice: Called from any thread; must not block.
    public init(
        directories: [String], configuration: DriverHostConfiguration = DriverHostConfiguration(),
        notice: @escaping @Sendable (DriverNotice) -> Void = { _ in }
    ) {
        self.directories = directories
        self.configuration = configuration
        self.notice = notice
    }

    /// Takes in every driver that is fit. Blocks, while children try out those that are new; call before the loop runs.
    /// Drivers that are loaded already stay as they are.
    public func load() {
        var cache = ProbeCache(path: configuration.probeCache)
        for path in directories { load(path, &cache) }
        cache.save()
    }

    private func load(_ path: String, _ cache: inout ProbeCache) {
        do {
            let directory = try TrustedDirectory(path)
            for stem in try directory.stems() {
                load(ManifestFile(stem: stem, directory: directory), &cache)
            }
        } catch {
            refuse(path, nil, error)
        }
    }

    private func load(_ file: ManifestFile, _ cache: inout ProbeCache) {
        var manifest: DriverManifest?
        do {
            let read = try file.read()
            manifest = read
            let driver = try file.check(read)
            guard isNew(driver) else { return }
            let settings = configuration.drivers[driver.key] ?? DriverSettings()
            try tryOut(driver, settings, &cache)
            let loaded = try open(driver, settings)
            state.withLock { $0.loaded[driver.key] = loaded }
        } catch {
            refuse(file.path, manifest, error)
        }
    }

    private func isNew(_ driver: DriverFile) -> Bool {
        guard let other = state.withLock({ $0.loaded[driver.key] }) else { return true }
        if other.path != driver.path {
            refuse(
                driver.path, driver.manifest, refused("\(other.path) was found first and has the same kind and name"))
        }
        return false
    }

    private func tryOut(
        _ driver: DriverFile, _ settings: DriverSettings, _ cache: inout ProbeCache
    ) throws(AgentError) {
        if cache.knows(driver, settings.object) { return }
        let probe = ProbeRun(program: configuration.probeProgram, deadline: configuration.probeDeadline)
        let manifest = try probe.run(driver.object, configuration: settings.object)
        if let difference = driver.manifest.difference(from: manifest) {
            throw refused("its manifest file and the driver itself don't agree: \(difference)")
        }
        cache.remember(driver, settings.object)
    }

    private func open(_ driver: DriverFile, _ settings: DriverSettings) throws(AgentError) -> LoadedDriver {
        do {
            return try LoadedDriver(
                driver.manifest, path: driver.path, door: door(driver, settings), deadline: settings.deadline,
                notice: notice)
        } catch let error as AgentError {
            throw error
        } catch {
            throw refused("it can't be opened").caused(by: error)
        }
    }

    private func door(_ driver: DriverFile, _ settings: DriverSettings) throws -> any DriverDoor {
        switch settings.run ?? .agent {
        case .agent:
            return LazyDriver { [notice] () throws(AgentError) in
                do {
                    let host = HostTable(driver: driver.key, notice: notice)
                    return try InProcessDriver(DriverLibrary(driver.object), configuration: settings.object, host: host)
                } catch {
                    throw Self.refusal(driver.path, (error as? AgentError) ?? refused("it can't be opened: \(error)"))
                }
            }
        case .process:
            return try RemoteDriver(
                driver, program: configuration.probeProgram, configuration: settings.object, notice: notice)
        }
    }

    private static func refusal(_ path: String, _ reason: AgentError) -> AgentError {
        var error = AgentError(.driverRefused, "the driver \(path) is refused: \(reason.message)", cause: reason.cause)
        error.details = ["path": .string(path), "code": .string(reason.code.rawValue)]
        return error
    }

    private func refuse(_ path: String, _ manifest: DriverManifest?, _ reason: AgentError) {
        let error = Self.refusal(path, reason)
        let info = DriverInfo(
            name: manifest?.name ?? "", kind: manifest?.kind.rawValue ?? "", version: manifest?.version ?? "",
            path: path, state: "refused", error: error, methods: manifest?.methods ?? [], calls: 0, timeouts: 0)
        state.withLock { state in
            state.refused.removeAll { $0.info.path == path }
            state.refused.append(Refusal(info: info, error: error))
        }
    }
}

// MARK: Asking for drivers

extension DriverHost {
    /// A loaded storage driver; throws `driver.not_found`, or `driver.refused` with the reason.
    public func storage(_ name: String) throws(AgentError) -> LoadedStorageDriver {
        LoadedStorageDriver(driver: try find(.storage, name))
    }

    /// A loaded network driver; throws `driver.not_found`, or `driver.refused` with the reason.
    public func network(_ name: String) throws(AgentError) -> LoadedNetworkDriver {
        LoadedNetworkDriver(driver: try find(.network, name))
    }

    /// A loaded isolation driver; throws `driver.not_found`, or `driver.refused` with the reason.
    public func isolation(_ name: String) throws(AgentError) -> LoadedIsolationDriver {
        LoadedIsolationDriver(driver: try find(.isolation, name))
    }

    /// Every driver that was found, ready ones first, each group by kind and name.
    public var drivers: [DriverInfo] {
        let (loaded, refused) = state.withLock { ($0.loaded, $0.refused) }
        return loaded.sorted { $0.key < $1.key }.map(\.value.info)
            + refused.map(\.info).sorted { $0.path < $1.path }
    }

    /// One driver, refused ones too; throws `driver.not_found`.
    public func info(_ kind: String, _ name: String) throws(AgentError) -> DriverInfo {
        guard let info = drivers.first(where: { $0.kind == kind && $0.name == name }) else {
            throw notFound(kind, name)
        }
        return info
    }

    /// The same, with what the driver says of itself when it is asked now.
    public func details(_ kind: String, _ name: String) async throws -> DriverInfo {
        var info = try info(kind, name)
        guard info.state == "ready", let known = DriverKind(rawValue: kind) else { return info }
        info.status = try await find(known, name).call(.status, NoValue())
        return info
    }

    /// The names of the loaded drivers of a kind.
    public func names(_ kind: DriverKind) -> [String] {
        state.withLock { state in
            state.loaded.values.filter { $0.manifest.kind == kind }.map(\.manifest.name).sorted()
        }
    }

    /// Asks every unhealthy driver for its status; one that answers is healthy again.
    public func heal() async {
        let ill = state.withLock { $0.loaded.values.filter { $0.info.state == "unhealthy" } }
        await withDiscardingTaskGroup { group in
            for driver in ill {
                group.addTask { _ = try? await driver.call(.status, NoValue()) as DriverStatus }
            }
        }
    }

    private func find(_ kind: DriverKind, _ name: String) throws(AgentError) -> LoadedDriver {
        let (driver, refusal) = state.withLock { state in
            (
                state.loaded["\(kind.rawValue)/\(name)"],
                state.refused.first { $0.info.kind == kind.rawValue && $0.info.name == name }
            )
        }
        if let driver { return driver }
        throw refusal?.error ?? notFound(kind.rawValue, name)
    }

    private func notFound(_ kind: String, _ name: String) -> AgentError {
        let there = drivers.filter { $0.kind == kind && $0.state != "refused" }.map(\.name)
        return AgentError(
            .driverNotFound, "there is no \(kind) driver \"\(name)\"; there are \(there) in \(directories)")
    }
}
