public import CDavitDriver
public import Drivers
public import JSON
internal import Linux
internal import Model
public import Wire

/// A driver in Swift as the C table that the agent loads.
///
/// A driver's entry file makes one of these, and hands out its table:
///
///     private let exported = DriverExport.network(DriverIdentity(name: "none", version: "1.0.0")) {
///         (_: NoConfiguration, _) in NetworkNone()
///     }
///
///     @c @implementation
///     public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
@safe public final class DriverExport: Sendable {
    // Proof: written in init, before anybody can have it, then constant; never freed, as a driver is never unloaded.
    public nonisolated(unsafe) let table: UnsafePointer<davit_driver>

    let open: @Sendable (_ configuration: JSONValue, AgentLink) throws -> DriverInstance
    let manifest: DriverManifest

    private init(
        _ manifest: DriverManifest, open: @escaping @Sendable (JSONValue, AgentLink) throws -> DriverInstance
    ) {
        self.manifest = manifest
        self.open = open
        let made = UnsafeMutablePointer<davit_driver>.allocate(capacity: 1)
        unsafe table = UnsafePointer(made)
        let text = (try? JSONValue(encoding: manifest))?.description ?? "{}"
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe made.initialize(
            to: davit_driver(
                size: MemoryLayout<davit_driver>.size, magic: DAVIT_DRIVER_MAGIC, abi: DAVIT_DRIVER_ABI, reserved: 0,
                context: context, manifest: copyOfText(text), open: openDriver, call: callDriver,
                cancel: cancelDriver, close: closeDriver, release: releaseReply))
    }

    /// A storage driver; `open` makes it from its configuration, and must change nothing on the host.
    public static func storage<Configuration: Codable & Sendable, Driver: StorageDriver>(
        _ identity: DriverIdentity, open: @escaping @Sendable (Configuration, AgentLink) throws -> Driver
    ) -> DriverExport {
        export(.storage, identity, .storage, open)
    }

    /// A network driver; `open` makes it from its configuration, and must change nothing on the host.
    public static func network<Configuration: Codable & Sendable, Driver: NetworkDriver>(
        _ identity: DriverIdentity, open: @escaping @Sendable (Configuration, AgentLink) throws -> Driver
    ) -> DriverExport {
        export(.network, identity, .network, open)
    }

    /// An isolation driver; `open` makes it from its configuration, and must change nothing on the host.
    public static func isolation<Configuration: Codable & Sendable, Driver: IsolationDriver>(
        _ identity: DriverIdentity, open: @escaping @Sendable (Configuration, AgentLink) throws -> Driver
    ) -> DriverExport {
        export(.isolation, identity, .isolation, open)
    }

    private static func export<Configuration: Codable & Sendable, Driver: Drivers.Driver>(
        _ kind: DriverKind, _ identity: DriverIdentity, _ methods: MethodTable<Driver>,
        _ open: @escaping @Sendable (Configuration, AgentLink) throws -> Driver
    ) -> DriverExport {
        let manifest = identity.manifest(kind, methods: methods.names)
        return DriverExport(manifest) { configuration, link in
            let driver = try open(Self.configuration(configuration, of: manifest), link)
            return DriverInstance { method, message in
                guard method != "describe" else { return try PackedMessage(manifest) }
                return try await methods.call(method, driver, message)
            }
        }
    }

    private static func configuration<Configuration: Codable>(
        _ object: JSONValue, of manifest: DriverManifest
    ) throws -> Configuration {
        do { return try object.decode(Configuration.self, unknownKeys: .refuse) } catch {
            let owner = "\(manifest.kind.rawValue) driver \"\(manifest.name)\""
            throw AgentError(.configInvalid, "the configuration of the \(owner) is not valid").caused(by: error)
        }
    }
}

/// What a driver's author says of it; the kit knows the rest.
public struct DriverIdentity: Sendable {
    /// The name that a configuration or a container asks for.
    public var name: String
    public var version: String
    public var concurrency: DriverManifest.Concurrency
    /// Whether the driver keeps nothing between calls: it has no `recover` and no `gc` then, a network driver no networks
    /// to make, and the agent opens it when a container first needs it.
    public var isStateless: Bool
    public var needs: DriverManifest.Needs
    public var features: [String]
    /// JSON Schema of the configuration.
    public var configSchema: JSONValue

    public init(
        name: String, version: String, concurrency: DriverManifest.Concurrency = .concurrent,
        isStateless: Bool = false, needs: DriverManifest.Needs = DriverManifest.Needs(), features: [String] = [],
        configSchema: JSONValue = ["type": "object", "additionalProperties": false]
    ) {
        self.name = name
        self.version = version
        self.concurrency = concurrency
        self.isStateless = isStateless
        self.needs = needs
        self.features = features
        self.configSchema = configSchema
    }

    /// What only a driver that keeps something needs.
    private static let methodsOfState = [
        DriverMethod<ContainerHandles, NoValue>.recover.name, DriverMethod<ValidContainers, RemovedThings>.collect.name,
        DriverMethod<NetworkRequest, MadeNetwork>.createNetwork.name,
        DriverMethod<NetworkTarget, NoValue>.removeNetwork.name,
        DriverMethod<KnownNetworks, NoValue>.restoreNetworks.name,
        DriverMethod<PublishRequest, Attachment.Changed>.publish.name,
        DriverMethod<BandwidthRequest, NoValue>.limit.name, DriverMethod<ServiceRequest, ServedService>.serve.name,
        DriverMethod<ServiceTarget, NoValue>.unserve.name, DriverMethod<ConnectionTarget, PortPaths>.explainPorts.name,
        DriverMethod<Policies, NoValue>.enforce.name,
    ]

    func manifest(_ kind: DriverKind, methods: [String]) -> DriverManifest {
        let number = DAVIT_DRIVER_ABI
        let own = methods.filter { !isStateless || !Self.methodsOfState.contains($0) }
        return DriverManifest(
            name: name, kind: kind, version: version, abi: DriverManifest.ABIRange(min: number, max: number),
            methods: (own + ["describe"]).sorted(), concurrency: concurrency, needs: needs, features: features,
            configSchema: configSchema, sha256: nil)
    }
}

/// For a driver that has nothing to configure.
public struct NoConfiguration: Sendable, Codable {
    public init() {}
}
