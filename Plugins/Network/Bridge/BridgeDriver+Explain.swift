import ContainerNetwork
public import Drivers
import Linux
public import Model
import Netlink

extension BridgeDriver {
    public func explain(_ target: ConnectionTarget) async throws -> [PortPath] {
        let id = ConnectionID(target.container, target.network)
        let (rooms, network) = try open(target.network)
        guard let connection = connected.withLock({ $0[id] }) else {
            throw AgentError(.portRefused, "container \(target.container) is not on the network \(target.network)")
        }
        return try attempting("follow the packets to \(id)") {
            let sight = PortSight(
                bridge: network.bridge, link: connection.handle.link, host: host, route: rooms.route,
                rules: try NetfilterSocket(in: host.namespace))
            return try connection.handle.published.map { PortPath(port: $0.mapping, steps: try sight.steps(to: $0)) }
        }
    }
}

/// Looks at the host as it is, not as we made it.
private struct PortSight {
    let bridge: Bridge
    /// The name of the host's end of the wire.
    let link: String
    let host: HostNetwork
    let route: RouteSocket
    let rules: NetfilterSocket

    func steps(to port: PublishedPort) throws -> [PortPath.Step] {
        try [routing(port), redirection(port), administrator()] + firewalls(port) + [forward(), wire()]
    }

    private func routing(_ port: PublishedPort) throws -> PortPath.Step {
        let path = port.place.family == .v4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding"
        guard try host.run({ () throws(Errno) in try KernelSetting(path).value() }) == "1" else {
            return .init("route", .closed, "the host does not route: somebody set net/\(path) to 0, set it to 1")
        }
        let place =
            switch port.place {
            case .everywhere: "every address of the host"
            case .at(let address): address.isLoopback ? "\(address), from the host alone" : "\(address)"
            }
        return .init("route", .open, "asked for at \(place), port \(port.hostPort)/\(port.transport.rawValue)")
    }

    private func redirection(_ port: PublishedPort) throws -> PortPath.Step {
        let maps = PublishedPort.maps.filter { $0.name == port.map }
        let elements = try? maps.flatMap { try rules.elements(of: $0, in: BridgeRules.id) }
        let element = "\(port.element)"
        guard elements?.contains(port.element) == true else {
            return .init(
                "redirect", .closed,
                "table \(BridgeRules.id), map \(port.map) has no element \(element): somebody took it, it is put back within a second"
            )
        }
        return .init("redirect", .open, "table \(BridgeRules.id), chain publish, map \(port.map): \(element)")
    }

    private func administrator() throws -> PortPath.Step {
        let count = try rules.ruleCounts(of: BridgeRules.userID)["published"] ?? 0
        let chain = "table \(BridgeRules.userID), chain published"
        return count == 0
            ? .init("administrator", .open, "\(chain) has no rule of yours")
            : .init("administrator", .doubtful, "\(chain) has \(count) rules of yours, which may drop it")
    }

    /// What others hang on the way of every packet that the host passes on.
    private func firewalls(_ port: PublishedPort) throws -> [PortPath.Step] {
        let own = [BridgeRules.id, BridgeRules.userID]
        return try rules.baseChains().filter { chain in
            chain.hook == .forward && !own.contains(chain.table) && chain.table.family.passes(port.place.family)
        }.map { chain in
            let name = "table \(chain.table), chain \(chain.name)"
            return chain.accepts
                ? .init("firewall", .doubtful, "\(name) lets through what none of its rules drops")
                : .init(
                    "firewall", .doubtful,
                    "\(name) drops what none of its rules accepts: accept there what goes to \(bridge.name)")
        }
    }

    private func forward() -> PortPath.Step {
        .init(
            "forward", .open,
            "table \(BridgeRules.id), chain to-containers accepts what was redirected, and of all else only what comes from the network itself"
        )
    }

    private func wire() throws -> PortPath.Step {
        let ends = try [bridge.name, link].map { try route.link(named: $0) }
        guard ends.allSatisfy({ $0?.isUp == true }) else {
            return .init("link", .closed, "\(bridge.name) or its port \(link) is down or gone")
        }
        return .init("link", .open, "\(bridge.name), then its port \(link)")
    }
}

extension Ruleset.Family {
    /// Whether its chains see packets of a version.
    fileprivate func passes(_ family: IPAddress.Family) -> Bool {
        switch self {
        case .inet: true
        case .ip: family == .v4
        case .ip6: family == .v6
        case .netdev, .bridge: false
        }
    }
}
