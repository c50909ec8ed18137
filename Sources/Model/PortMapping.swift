/// A port of the host that leads to one of a container.
public struct PortMapping: Sendable, Hashable, Codable {
    public enum Transport: String, Sendable, Hashable, Codable, CaseIterable {
        case tcp, udp, sctp
    }

    /// The host's address that it is reached at; `nil`: the network's default, `0.0.0.0` or `::` every one of its family.
    public var address: String?
    /// `nil`: one that is free, chosen at each start.
    public var hostPort: Int?
    public var containerPort: Int
    public var transport: Transport

    public init(
        address: String? = nil, hostPort: Int? = nil, containerPort: Int, transport: Transport = .tcp
    ) {
        self.address = address
        self.hostPort = hostPort
        self.containerPort = containerPort
        self.transport = transport
    }

    enum CodingKeys: String, CodingKey {
        case address, transport
        case hostPort = "host_port"
        case containerPort = "container_port"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        address = try values.decodeIfPresent(String.self, forKey: .address)
        hostPort = try values.decodeIfPresent(Int.self, forKey: .hostPort)
        containerPort = try values.decode(Int.self, forKey: .containerPort)
        transport = try values.decodeIfPresent(Transport.self, forKey: .transport) ?? .tcp
    }
}

extension PortMapping {
    /// As an image exposes it: `80/tcp`, or `80`. `nil` for what is none.
    public init?(exposed text: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard let port = parts.first.flatMap({ Int($0) }), (1...65535).contains(port),
            let transport = Transport(rawValue: parts.count > 1 ? parts[1] : "tcp")
        else { return nil }
        self.init(containerPort: port, transport: transport)
    }
}

extension PortMapping: CustomStringConvertible {
    /// As `davit ps` has it: `127.0.0.1:8080->80/tcp`.
    public var description: String {
        let host = address.map { $0.contains(":") ? "[\($0)]:" : "\($0):" } ?? ""
        return host + (hostPort.map(String.init) ?? "") + "->\(containerPort)/\(transport.rawValue)"
    }

    /// What can't be in it; `nil` when all is well. Only the network driver can tell whether an address is one.
    var problem: String? {
        let ports = 1...65535
        if !ports.contains(containerPort) || !(hostPort.map(ports.contains) ?? true) { return "a port is 1 to 65535" }
        return nil
    }
}
