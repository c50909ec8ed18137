import Model
import Netlink

/// A port of the host that leads to one of a container: one element of one map.
struct PublishedPort: Sendable, Hashable {
    /// Where the host is asked for it.
    enum Place: Sendable, Hashable {
        case everywhere(IPAddress.Family)
        case at(IPAddress)

        var family: IPAddress.Family {
            switch self {
            case .everywhere(let family): family
            case .at(let address): address.family
            }
        }

        /// The address that a socket in its place would be bound to.
        var address: IPAddress {
            switch self {
            case .everywhere(let family): .any(family)
            case .at(let address): address
            }
        }

        /// 0.0.0.0 and :: are everywhere.
        init(_ address: IPAddress) {
            self = address == .any(address.family) ? .everywhere(address.family) : .at(address)
        }

        /// Whether some packet would be for both.
        func meets(_ other: Place) -> Bool {
            switch (self, other) {
            case (.at(let one), .at(let two)): one == two
            default: family == other.family
            }
        }
    }

    /// A port of one side, whatever the address: two that exclude each other have the same.
    struct Number: Sendable, Hashable {
        var transport: PortMapping.Transport
        var port: UInt16

        init(_ transport: PortMapping.Transport, _ port: UInt16) { (self.transport, self.port) = (transport, port) }
    }

    var place: Place
    var transport: PortMapping.Transport
    var hostPort: UInt16
    /// The container's address, of the place's family.
    var target: IPAddress
    var containerPort: UInt16

    var number: Number { Number(transport, hostPort) }
    var innerNumber: Number { Number(transport, containerPort) }

    /// Whether only one of them can be.
    func conflicts(with other: PublishedPort) -> Bool {
        number == other.number && place.meets(other.place)
    }

    /// What is told of it: with its address and its port on the host.
    var mapping: PortMapping {
        PortMapping(
            address: "\(place.address)", hostPort: Int(hostPort), containerPort: Int(containerPort),
            transport: transport)
    }
}

// MARK: Elements
extension PublishedPort {
    static let maps: [Ruleset.Map] = [
        Ruleset.Map("publish4-at", key: [.ipv4, .transport, .port], value: .fields([.ipv4, .port])),
        Ruleset.Map("publish4", key: [.transport, .port], value: .fields([.ipv4, .port])),
        Ruleset.Map("publish6-at", key: [.ipv6, .transport, .port], value: .fields([.ipv6, .port])),
        Ruleset.Map("publish6", key: [.transport, .port], value: .fields([.ipv6, .port])),
    ]

    /// How the rules look into the maps.
    static func lookups(at: Bool) -> [(family: IPAddress.Family, operands: [Ruleset.Operand], map: String)] {
        IPAddress.Family.allCases.map { family in
            let address: [Ruleset.Operand] = at ? [.destination(family)] : []
            return (family, address + [.transport, .destinationPort], name(family, at: at))
        }
    }

    private static func name(_ family: IPAddress.Family, at: Bool) -> String {
        "publish\(family.digit)\(at ? "-at" : "")"
    }

    /// The map that it is an element of.
    var map: String {
        switch place {
        case .everywhere(let family): Self.name(family, at: false)
        case .at(let address): Self.name(address.family, at: true)
        }
    }

    var element: Ruleset.Element {
        let ports: [Ruleset.Field] = [.transport(transport.protocolNumber), .port(hostPort)]
        let address: [Ruleset.Field] =
            switch place {
            case .everywhere: []
            case .at(let address): [.address(address)]
            }
        return Ruleset.Element(address + ports, .fields([.address(target), .port(containerPort)]))
    }

    /// Elements by their maps.
    static func elements(_ ports: [PublishedPort]) -> [(map: Ruleset.Map, elements: [Ruleset.Element])] {
        maps.compactMap { map in
            let own = ports.filter { $0.map == map.name }.map(\.element)
            return own.isEmpty ? nil : (map, own)
        }
    }
}

// MARK: Tracked connections
extension PublishedPort {
    /// Whether a connection was led to the container by it.
    func led(_ flow: TrackedFlow) -> Bool {
        flow.original.transport == transport.protocolNumber.rawValue && flow.original.destinationPort == hostPort
            && flow.reply.source == target
    }

    /// Whether a connection would be led elsewhere by it than it goes.
    ///
    /// - Parameter host: The host's own addresses: connections that only pass the host have nothing to do with it.
    func turns(_ flow: TrackedFlow, host: Set<IPAddress>) -> Bool {
        guard flow.original.transport == transport.protocolNumber.rawValue,
            flow.original.destinationPort == hostPort
        else { return false }
        switch place {
        case .at(let address): return flow.original.destination == address
        case .everywhere(let family):
            let destination = flow.original.destination
            return destination.family == family && (destination.isLoopback || host.contains(destination))
        }
    }
}

extension PortMapping.Transport {
    var protocolNumber: Ruleset.Transport {
        switch self {
        case .tcp: .tcp
        case .udp: .udp
        case .sctp: .sctp
        }
    }
}
