/// Who may reach whom. Of the policies that mean a new connection the first decides; where none does, the networks do.
public struct PolicySpec: Sendable, Hashable, Codable {
    public enum Action: String, Sendable, Hashable, Codable, CaseIterable {
        case allow
        /// Refused with an answer, so that nobody waits.
        case deny
    }

    public var name: NetworkName
    public var action: Action
    /// 0 to 65535, default 1000. The least comes first, among equals the first name.
    public var priority: Int?
    /// Who begins the connection; `nil`: anybody.
    public var from: PolicyPeer?
    /// Where it goes in the end, behind published ports and services; `nil`: anywhere.
    public var to: PolicyPeer?
    /// Ports of the far end, as a container has them; `nil`: all, and what has no ports.
    public var ports: [PolicyPort]?
    public var labels: [String: String]

    public init(name: NetworkName, _ action: Action) {
        self.name = name
        self.action = action
        labels = [:]
    }

    enum CodingKeys: String, CodingKey {
        case name, action, priority, from, to, ports, labels
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        priority = try values.decodeIfPresent(Int.self, forKey: .priority)
        from = try values.decodeIfPresent(PolicyPeer.self, forKey: .from)
        to = try values.decodeIfPresent(PolicyPeer.self, forKey: .to)
        ports = try values.decodeIfPresent([PolicyPort].self, forKey: .ports)
        labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        action = try values.decode(Action.self, forKey: .action)
        // The schema is made by asking for keys, up to the first that is refused.
        name = try values.decode(NetworkName.self, forKey: .name)
    }

    /// Its priority, said or not.
    public var rank: Int { priority ?? 1000 }

    /// The networks that it names.
    public var networks: Set<NetworkName> { Set([from?.network, to?.network].compactMap { $0 }) }

    /// Throws `request.invalid` with the first thing that can't be.
    public func validate() throws(AgentError) {
        let ports = ports ?? []
        let overlap = ports.enumerated().contains { index, port in ports[..<index].contains { $0.overlaps(port) } }
        let problems: [(Bool, String)] = [
            (!(0...65535).contains(priority ?? 0), "priority is 0 to 65535"),
            (from == nil && to == nil, "a policy for everything: say at least one of from and to"),
            (self.ports?.isEmpty ?? false, "ports is empty: leave it out for all"),
            (ports.count > 64, "a policy has 64 ports at the most"), (overlap, "a port is named twice in ports"),
        ]
        let found =
            problems.first { $0.0 }?.1 ?? from?.problem.map { "from: \($0)" } ?? to?.problem.map { "to: \($0)" }
            ?? ports.lazy.compactMap(\.problem).first
        if let found { throw AgentError(.requestInvalid, found) }
    }
}

/// One side of a policy: containers, by their network, their labels or both; or addresses; or the world.
public struct PolicyPeer: Sendable, Hashable, Codable {
    public var network: NetworkName?
    /// Labels of containers, all of these.
    public var selector: [String: String]?
    /// Such as `10.0.0.0/8` or `fd00::1`.
    public var addresses: [String]?
    /// All that is in no network of containers.
    public var world: Bool?

    public init(
        network: NetworkName? = nil, selector: [String: String]? = nil, addresses: [String]? = nil, world: Bool? = nil
    ) {
        (self.network, self.selector, self.addresses, self.world) = (network, selector, addresses, world)
    }

    enum CodingKeys: String, CodingKey {
        case network, selector, addresses, world
    }

    /// What can't be in it; `nil` when all is well. Only the network driver can tell whether an address is one.
    var problem: String? {
        let kinds = [network != nil || selector != nil, addresses != nil, world == true].count { $0 }
        if kinds != 1 { return "say one of network and selector, addresses, or world" }
        if selector?.isEmpty == true { return "selector is empty: name a label of the containers" }
        if let addresses, !(1...256).contains(addresses.count) { return "addresses are 1 to 256" }
        return nil
    }
}

/// A port, or all of a range.
public struct PolicyPort: Sendable, Hashable, Codable {
    /// 1 to 65535.
    public var port: Int
    /// The last of a range that begins with `port`; `nil`: the one.
    public var lastPort: Int?
    public var transport: PortMapping.Transport

    public init(_ port: Int, through last: Int? = nil, transport: PortMapping.Transport = .tcp) {
        self.port = port
        lastPort = last
        self.transport = transport
    }

    enum CodingKeys: String, CodingKey {
        case port, transport
        case lastPort = "last_port"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        port = try values.decode(Int.self, forKey: .port)
        lastPort = try values.decodeIfPresent(Int.self, forKey: .lastPort)
        transport = try values.decodeIfPresent(PortMapping.Transport.self, forKey: .transport) ?? .tcp
    }

    /// Needs ``problem`` to be nil.
    public func contains(_ other: Int) -> Bool { port <= other && other <= lastPort ?? port }

    func overlaps(_ other: PolicyPort) -> Bool {
        transport == other.transport && port <= other.lastPort ?? other.port && other.port <= lastPort ?? port
    }

    var problem: String? {
        let isWell = (1...65535).contains(port) && (port...65535).contains(lastPort ?? port)
        return isWell ? nil : "a port is 1 to 65535, and a range goes up"
    }
}
