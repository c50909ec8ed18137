/// A name and an address behind which several containers stand.
public struct ServiceSpec: Sendable, Hashable, Codable {
    public enum Affinity: String, Sendable, Hashable, Codable, CaseIterable {
        /// Each connection goes to the next container.
        case none
        /// A client's connections go to the same container as long as it is one of them.
        case source
    }

    /// Also the host name by which containers of the network find it.
    public var name: NetworkName
    /// The network whose containers stand behind it and reach it; default `bridge`.
    public var network: NetworkName
    /// The labels of those that stand behind it: all of these.
    public var selector: [String: String]
    public var ports: [ServicePort]
    /// Ports of the host that lead to it; `container_port` is one of `ports`.
    public var publish: [PortMapping]?
    public var affinity: Affinity?
    public var labels: [String: String]

    public init(name: NetworkName, network: NetworkName, selector: [String: String], ports: [ServicePort]) {
        self.name = name
        self.network = network
        self.selector = selector
        self.ports = ports
        labels = [:]
    }

    enum CodingKeys: String, CodingKey {
        case name, network, selector, ports, publish, affinity, labels
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        publish = try values.decodeIfPresent([PortMapping].self, forKey: .publish)
        affinity = try values.decodeIfPresent(Affinity.self, forKey: .affinity)
        labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        selector = try values.decode([String: String].self, forKey: .selector)
        ports = try values.decode([ServicePort].self, forKey: .ports)
        network = try values.decodeIfPresent(NetworkName.self, forKey: .network) ?? NetworkName("bridge")
        // The schema is made by asking for keys, up to the first that is refused.
        name = try values.decode(NetworkName.self, forKey: .name)
    }

    /// Throws `request.invalid` with the first thing that can't be.
    public func validate() throws(AgentError) {
        let wanted = Set(ports.map { PortKey($0.port, $0.transport) })
        let strays = (publish ?? []).filter { !wanted.contains(PortKey($0.containerPort, $0.transport)) }
        let problems: [(Bool, String)] = [
            (selector.isEmpty, "selector is empty: name a label of the containers that stand behind the service"),
            (ports.isEmpty || ports.count > 64, "a service has 1 to 64 ports"),
            (wanted.count < ports.count, "a port is named twice in ports"),
            (!NetworkConnection.isHostName(name.description), "\"\(name)\" is no host name: use letters, digits and -"),
            (!strays.isEmpty, "publish: \(strays.first?.description ?? "") leads to none of the service's ports"),
            (publish?.contains { $0.hostPort == nil } ?? false, "publish: a service's port of the host must be named"),
        ]
        let found =
            problems.first { $0.0 }?.1 ?? ports.lazy.compactMap(\.problem).first
            ?? publish?.lazy.compactMap(\.problem).first
        if let found { throw AgentError(.requestInvalid, found) }
    }

    private struct PortKey: Hashable {
        var port: Int
        var transport: PortMapping.Transport

        init(_ port: Int, _ transport: PortMapping.Transport) { (self.port, self.transport) = (port, transport) }
    }
}

/// A port of a service.
public struct ServicePort: Sendable, Hashable, Codable {
    /// 1 to 65535.
    public var port: Int
    /// The port of the containers that it leads to; `nil`: the same.
    public var targetPort: Int?
    public var transport: PortMapping.Transport

    public init(_ port: Int, targetPort: Int? = nil, transport: PortMapping.Transport = .tcp) {
        self.port = port
        self.targetPort = targetPort
        self.transport = transport
    }

    enum CodingKeys: String, CodingKey {
        case port, transport
        case targetPort = "target_port"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        port = try values.decode(Int.self, forKey: .port)
        targetPort = try values.decodeIfPresent(Int.self, forKey: .targetPort)
        transport = try values.decodeIfPresent(PortMapping.Transport.self, forKey: .transport) ?? .tcp
    }

    var problem: String? {
        let isWell = [port, targetPort ?? port].allSatisfy { (1...65535).contains($0) }
        return isWell ? nil : "a port is 1 to 65535"
    }
}

/// A container that stands behind a service, with its addresses on the service's network, without a length.
public struct ServiceBackend: Sendable, Hashable, Codable {
    public var container: ContainerID
    public var addresses: [String]

    public init(container: ContainerID, addresses: [String]) {
        self.container = container
        self.addresses = addresses
    }
}
