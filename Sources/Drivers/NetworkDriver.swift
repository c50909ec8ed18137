public import JSON
public import Linux
public import Model

/// Connects containers.
public protocol NetworkDriver: Driver {
    /// Connects a container that is not running yet. Idempotent: asked again it gives what it gave.
    ///
    /// Throws `port.in_use` for a port of the host that somebody holds, and `port.refused` for one that this driver can't
    /// publish; then nothing is left of the attempt.
    func attach(_ request: AttachRequest) async throws -> Attachment
    /// Takes back all that `attach` gave. Idempotent.
    func detach(_ container: ContainerID) async throws
}

public struct AttachRequest: Sendable, Hashable, Codable {
    public var container: ContainerID
    public var network: String
    public var hostname: String
    /// What the host publishes of it.
    public var ports: [PortMapping]

    public init(container: ContainerID, network: String, hostname: String, ports: [PortMapping] = []) {
        self.container = container
        self.network = network
        self.hostname = hostname
        self.ports = ports
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
        /// One that the driver made.
        case made(Descriptor)
    }

    public var namespace: Namespace
    /// Addresses with their prefix length, such as `10.88.0.2/16`.
    public var addresses: [String]
    /// The ports that were asked for, each with its address and its port on the host.
    public var ports: [PortMapping]
    /// The text of /etc/resolv.conf.
    public var resolvConf: String
    /// Lines for /etc/hosts beyond localhost and the container's own name.
    public var hosts: [String]
    public var handle: JSONValue

    public init(
        namespace: Namespace, addresses: [String] = [], ports: [PortMapping] = [], resolvConf: String = "",
        hosts: [String] = [], handle: JSONValue = .null
    ) {
        self.namespace = namespace
        self.addresses = addresses
        self.ports = ports
        self.resolvConf = resolvConf
        self.hosts = hosts
        self.handle = handle
    }
}
