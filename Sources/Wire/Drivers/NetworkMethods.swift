public import Drivers
internal import JSON
public import Linux
public import Model

extension DriverMethod<NetworkRequest, MadeNetwork> {
    public static var createNetwork: Self { Self("network.create") }
}

extension DriverMethod<NetworkTarget, NoValue> {
    public static var removeNetwork: Self { Self("network.remove") }
}

extension DriverMethod<KnownNetworks, NoValue> {
    public static var restoreNetworks: Self { Self("network.restore") }
}

extension DriverMethod<AttachRequest, Attachment> {
    public static var attach: Self { Self("attach") }
}

extension DriverMethod<DetachRequest, NoValue> {
    public static var detach: Self { Self("detach") }
}

extension DriverMethod<PublishRequest, Attachment.Changed> {
    public static var publish: Self { Self("publish") }
}

extension DriverMethod<BandwidthRequest, NoValue> {
    public static var limit: Self { Self("limit") }
}

extension DriverMethod<ServiceRequest, ServedService> {
    public static var serve: Self { Self("serve") }
}

extension DriverMethod<ServiceTarget, NoValue> {
    public static var unserve: Self { Self("unserve") }
}

extension DriverMethod<Policies, NoValue> {
    public static var enforce: Self { Self("policy.enforce") }
}

extension DriverMethod<ConnectionTarget, PortPaths> {
    public static var explainPorts: Self { Self("port.explain") }
}

extension ConnectionTarget: PlainDriverMessage {}

public struct PortPaths: PlainDriverMessage {
    public var paths: [PortPath]

    public init(_ paths: [PortPath]) { self.paths = paths }
}

public struct Policies: PlainDriverMessage {
    public var policies: [PolicySpec]

    public init(_ policies: [PolicySpec]) { self.policies = policies }
}

extension ServiceRequest: PlainDriverMessage {}
extension ServedService: PlainDriverMessage {}
extension ServiceTarget: PlainDriverMessage {}
extension NetworkRequest: PlainDriverMessage {}
extension MadeNetwork: PlainDriverMessage {}
extension PublishRequest: PlainDriverMessage {}
extension Attachment.Changed: PlainDriverMessage {}

public struct NetworkTarget: PlainDriverMessage {
    public var network: NetworkName

    public init(_ network: NetworkName) { self.network = network }
}

public struct KnownNetworks: PlainDriverMessage {
    public var networks: [NetworkRequest]

    public init(_ networks: [NetworkRequest]) { self.networks = networks }
}

extension AttachRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var network: NetworkName
        var hostname: String
        var ports: [PortMapping]
        var connection: NetworkConnection?
        var interface: String?
        /// The index of its namespace among the descriptors.
        var namespace: Int?
        var isWayOut: Bool?
        var labels: [String: String]?

        enum CodingKeys: String, CodingKey {
            case container, network, hostname, ports, connection, interface, namespace, labels
            case isWayOut = "is_way_out"
        }
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            container: container, network: network, hostname: hostname, ports: ports, connection: connection,
            interface: interface, namespace: namespace.map { descriptors.add($0) }, isWayOut: isWayOut,
            labels: labels.isEmpty ? nil : labels)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        self.init(
            container: body.container, network: body.network, hostname: body.hostname, ports: body.ports,
            connection: body.connection, interface: body.interface ?? "eth0",
            namespace: try body.namespace.map { try descriptors.at($0, "namespace") }, isWayOut: body.isWayOut ?? true,
            labels: body.labels ?? [:])
    }
}

extension DetachRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var network: NetworkName
        var handle: JSONValue?
        var interface: String?
        /// The index of its namespace among the descriptors.
        var namespace: Int?
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            container: container, network: network, handle: handle, interface: interface,
            namespace: namespace.map { descriptors.add($0) })
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        self.init(
            container: body.container, network: body.network, handle: body.handle ?? .null, interface: body.interface,
            namespace: try body.namespace.map { try descriptors.at($0, "namespace") })
    }
}

extension BandwidthRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var network: NetworkName
        var bandwidth: Bandwidth
        /// The index of its namespace among the descriptors.
        var namespace: Int
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            container: container, network: network, bandwidth: bandwidth, namespace: descriptors.add(namespace))
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        self.init(
            container: body.container, network: body.network, bandwidth: body.bandwidth,
            namespace: try descriptors.at(body.namespace, "namespace"))
    }
}

extension Attachment: DriverMessage {
    public struct Body: Sendable, Codable {
        var namespace: NamespaceBody
        var addresses: [String]
        var gateways: [String]?
        var mac: String?
        var ports: [PortMapping]?
        var resolvConf: String
        var hosts: [String]
        var handle: JSONValue

        enum CodingKeys: String, CodingKey {
            case namespace, addresses, gateways, mac, ports, hosts, handle
            case resolvConf = "resolv_conf"
        }
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            namespace: NamespaceBody(namespace, &descriptors), addresses: addresses, gateways: gateways, mac: mac,
            ports: ports, resolvConf: resolvConf, hosts: hosts, handle: handle)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            namespace: body.namespace.namespace(descriptors), addresses: body.addresses,
            gateways: body.gateways ?? [], mac: body.mac, ports: body.ports ?? [], resolvConf: body.resolvConf,
            hosts: body.hosts, handle: body.handle)
    }
}
