public import Drivers
internal import JSON
public import Linux
public import Model

extension DriverMethod<AttachRequest, Attachment> {
    public static var attach: Self { Self("attach") }
}

extension DriverMethod<ContainerID, NoValue> {
    public static var detach: Self { Self("detach") }
}

extension AttachRequest: PlainDriverMessage {}

extension Attachment: DriverMessage {
    public struct Body: Sendable, Codable {
        var namespace: NamespaceBody
        var addresses: [String]
        var ports: [PortMapping]?
        var resolvConf: String
        var hosts: [String]
        var handle: JSONValue

        enum CodingKeys: String, CodingKey {
            case namespace, addresses, ports, hosts, handle
            case resolvConf = "resolv_conf"
        }
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            namespace: NamespaceBody(namespace, &descriptors), addresses: addresses, ports: ports,
            resolvConf: resolvConf, hosts: hosts, handle: handle)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            namespace: body.namespace.namespace(descriptors), addresses: body.addresses,
            ports: body.ports ?? [], resolvConf: body.resolvConf, hosts: body.hosts, handle: body.handle)
    }
}

/// `{"type":"born"}`, `{"type":"host"}` or `{"type":"made","descriptor":0}`.
public struct NamespaceBody: Sendable, Codable {
    enum Kind: String, Sendable, Codable {
        case born, host, made
    }

    var type: Kind
    var descriptor: Int?

    init(_ namespace: Attachment.Namespace, _ descriptors: inout [Descriptor]) {
        switch namespace {
        case .born: type = .born
        case .host: type = .host
        case .made(let made):
            type = .made
            descriptor = descriptors.add(made)
        }
    }

    func namespace(_ descriptors: [Descriptor]) throws -> Attachment.Namespace {
        switch type {
        case .born: .born
        case .host: .host
        case .made: try .made(descriptors.at(descriptor ?? -1, "namespace.descriptor"))
        }
    }
}
