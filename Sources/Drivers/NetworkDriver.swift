public import JSON
public import Linux
public import Model

/// Connects containers.
///
/// Whatever is made for a container is keyed by the container and the network.
public protocol NetworkDriver: Driver {
    /// Makes a network, or answers the one of that name, which may have been made by an earlier start. Idempotent.
    ///
    /// Throws `network.refused` for what this driver can't make, and `network.exhausted` when no subnet is free.
    func create(_ request: NetworkRequest) async throws -> MadeNetwork
    /// Takes a network away, to which nobody is connected any more. Idempotent.
    func remove(_ network: NetworkName) async throws
    /// What networks there are. Called once after the agent's start, before `recover` tells of the containers; what is
    /// missing of them need not be made before it is used.
    func restore(_ networks: [NetworkRequest]) async throws
    /// Connects a container. Idempotent: asked again it gives what it gave.
    ///
    /// Throws `port.in_use` for a port of the host that somebody holds, `port.refused` for one that this driver can't
    /// publish, `address.in_use` and `network.refused` for wishes that can't be; then nothing is left of the attempt.
    func attach(_ request: AttachRequest) async throws -> Attachment
    /// Takes back all that `attach` gave. Idempotent.
    func detach(_ request: DetachRequest) async throws
    /// Publishes these ports of a connected container and no others; answers all that are published now, as in an
    /// attachment. All or nothing. Idempotent. Throws as `attach` does.
    func publish(_ request: PublishRequest) async throws -> Attachment.Changed
    /// Lets this much pass a container's connection from now on. Idempotent.
    func limit(_ request: BandwidthRequest) async throws
    /// Gives a service an address of its network, and balances its ports over containers; changes what there is, so that
    /// connections to containers that stay are not touched. All or nothing. Idempotent.
    ///
    /// Before `recover` it only takes up what an earlier start did. Throws `port.in_use`, `port.refused`,
    /// `network.exhausted` and `service.refused`.
    func serve(_ request: ServiceRequest) async throws -> ServedService
    /// Takes a service away. Idempotent.
    func unserve(_ service: ServiceTarget) async throws
    /// These policies and no others hold from now on, also for connections that are there. All or nothing. Idempotent.
    ///
    /// Called after `restore` and before `recover`, and for each change. Throws `policy.refused`.
    func enforce(_ policies: [PolicySpec]) async throws
    /// The path of a packet to each port that is published of a connected container, as the host is now. Changes nothing.
    func explain(_ target: ConnectionTarget) async throws -> [PortPath]
}

/// A driver of one network that needs no making: it is there.
extension NetworkDriver {
    public func create(_ request: NetworkRequest) async throws -> MadeNetwork { MadeNetwork() }
    public func remove(_ network: NetworkName) async throws {}
    public func restore(_ networks: [NetworkRequest]) async throws {}
    public func publish(_ request: PublishRequest) async throws -> Attachment.Changed {
        throw AgentError(.portRefused, "the driver of the network \(request.network) can't publish ports")
    }
    public func serve(_ request: ServiceRequest) async throws -> ServedService {
        throw AgentError(.serviceRefused, "the driver of the network \(request.spec.network) has no services")
    }
    public func unserve(_ service: ServiceTarget) async throws {}
    public func enforce(_ policies: [PolicySpec]) async throws {
        if let policy = policies.first { throw AgentError(unenforced: policy) }
    }
    public func explain(_ target: ConnectionTarget) async throws -> [PortPath] {
        throw AgentError(.portRefused, "the driver of the network \(target.network) can't publish ports")
    }
    public func limit(_ request: BandwidthRequest) async throws {
        throw AgentError(.limitUnavailable, "the driver of the network \(request.network) can't limit bandwidth")
    }
}

extension AgentError {
    /// What a driver without policies says to one.
    public init(unenforced policy: PolicySpec) {
        self.init(
            .policyRefused,
            "the policy \(policy.name) can't be: the driver of its networks has no policies, the driver bridge has them"
        )
    }
}

// MARK: Networks

/// A network that shall be, or is.
public struct NetworkRequest: Sendable, Hashable, Codable {
    public var spec: NetworkSpec
    /// What `create` answered; null before.
    public var handle: JSONValue

    public init(_ spec: NetworkSpec, handle: JSONValue = .null) {
        self.spec = spec
        self.handle = handle
    }
}

/// What came of it.
public struct MadeNetwork: Sendable, Hashable, Codable {
    public var state: NetworkState
    /// What the driver wants to remember of it.
    public var handle: JSONValue

    public init(_ state: NetworkState = NetworkState(), handle: JSONValue = .null) {
        self.state = state
        self.handle = handle
    }
}

// MARK: Connections

public struct AttachRequest: Sendable {
    public var container: ContainerID
    public var network: NetworkName
    public var hostname: String
    /// What the host publishes of it.
    public var ports: [PortMapping]
    /// What it shall be like; its `network` is the network's name again.
    public var connection: NetworkConnection
    /// The link's name inside, such as `eth0`.
    public var interface: String
    /// Its namespace, when it has one already: this is a further network of it. `nil`: the driver gives one.
    public var namespace: Descriptor?
    /// Whether its way out of its networks goes by this one.
    public var isWayOut: Bool
    /// Those that policies look at.
    public var labels: [String: String]

    public init(
        container: ContainerID, network: NetworkName, hostname: String, ports: [PortMapping] = [],
        connection: NetworkConnection? = nil, interface: String = "eth0", namespace: Descriptor? = nil,
        isWayOut: Bool = true, labels: [String: String] = [:]
    ) {
        self.container = container
        self.network = network
        self.hostname = hostname
        self.ports = ports
        self.connection = connection ?? NetworkConnection(network.description)
        self.interface = interface
        self.namespace = namespace
        self.isWayOut = isWayOut
        self.labels = labels
    }
}

public struct DetachRequest: Sendable {
    public var container: ContainerID
    public var network: NetworkName
    /// What `attach` wanted to remember; null when the agent does not know that it came so far.
    public var handle: JSONValue
    /// The link's name inside, as `attach` was told it.
    public var interface: String?
    /// Its namespace, when it lives on without this network.
    public var namespace: Descriptor?

    public init(
        container: ContainerID, network: NetworkName, handle: JSONValue = .null, interface: String? = nil,
        namespace: Descriptor? = nil
    ) {
        self.container = container
        self.network = network
        self.handle = handle
        self.interface = interface
        self.namespace = namespace
    }
}

/// One connection of a container.
public struct ConnectionTarget: Sendable, Hashable, Codable {
    public var container: ContainerID
    public var network: NetworkName

    public init(_ container: ContainerID, on network: NetworkName) {
        self.container = container
        self.network = network
    }
}

public struct PublishRequest: Sendable, Hashable, Codable {
    public var container: ContainerID
    public var network: NetworkName
    public var ports: [PortMapping]

    public init(container: ContainerID, network: NetworkName, ports: [PortMapping]) {
        self.container = container
        self.network = network
        self.ports = ports
    }
}

public struct BandwidthRequest: Sendable {
    public var container: ContainerID
    public var network: NetworkName
    /// What it says nothing of is without a limit.
    public var bandwidth: Bandwidth
    /// That of the container.
    public var namespace: Descriptor

    public init(container: ContainerID, network: NetworkName, bandwidth: Bandwidth, namespace: Descriptor) {
        self.container = container
        self.network = network
        self.bandwidth = bandwidth
        self.namespace = namespace
    }
}

// MARK: Services

/// A service as it shall be now.
public struct ServiceRequest: Sendable, Hashable, Codable {
    public var spec: ServiceSpec
    /// In no order.
    public var backends: [ServiceBackend]
    /// What `serve` answered last; null the first time.
    public var handle: JSONValue

    public init(_ spec: ServiceSpec, backends: [ServiceBackend], handle: JSONValue = .null) {
        self.spec = spec
        self.backends = backends
        self.handle = handle
    }
}

/// A service that is in force.
public struct ServedService: Sendable, Hashable, Codable {
    /// Its own, without a length.
    public var addresses: [String]
    /// What the driver wants to remember of it.
    public var handle: JSONValue

    public init(addresses: [String], handle: JSONValue) {
        self.addresses = addresses
        self.handle = handle
    }
}

public struct ServiceTarget: Sendable, Hashable, Codable {
    public var service: NetworkName
    public var network: NetworkName

    public init(_ service: NetworkName, on network: NetworkName) {
        self.service = service
        self.network = network
    }
}

/// A container's connection.
public struct Attachment: Sendable {
    public enum Namespace: Sendable {
        /// A new one, born together with the container's user namespace, which owns it: so the container may mount
        /// sysfs and bind low ports in it. It holds nothing but a loopback interface.
        case born
        /// The host's own.
        case host
        /// One that the driver made, or the one that it was given.
        case made(Descriptor)
    }

    public var namespace: Namespace
    /// Addresses with their prefix length, such as `10.88.0.2/16`.
    public var addresses: [String]
    /// The ways out, without a length.
    public var gateways: [String]
    public var mac: String?
    /// The ports that were asked for, each with its address and its port on the host.
    public var ports: [PortMapping]
    /// The text of /etc/resolv.conf.
    public var resolvConf: String
    /// Lines for /etc/hosts beyond localhost and the container's own name.
    public var hosts: [String]
    public var handle: JSONValue

    public init(
        namespace: Namespace, addresses: [String] = [], gateways: [String] = [], mac: String? = nil,
        ports: [PortMapping] = [], resolvConf: String = "", hosts: [String] = [], handle: JSONValue = .null
    ) {
        self.namespace = namespace
        self.addresses = addresses
        self.gateways = gateways
        self.mac = mac
        self.ports = ports
        self.resolvConf = resolvConf
        self.hosts = hosts
        self.handle = handle
    }

    /// What is another after a change of a connection that is there.
    public struct Changed: Sendable, Hashable, Codable {
        public var ports: [PortMapping]
        public var handle: JSONValue

        public init(ports: [PortMapping], handle: JSONValue) {
            self.ports = ports
            self.handle = handle
        }
    }
}
