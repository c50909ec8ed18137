import Model
import Netlink

/// A service in force: where it is asked for, and which containers answer.
struct Balance: Sendable, Hashable {
    /// A port at which it is asked for: one of its own address, or of the host's.
    struct Front: Sendable, Hashable {
        var place: PublishedPort.Place
        var transport: PortMapping.Transport
        var port: UInt16
        var targetPort: UInt16

        /// Whether only one of them can be.
        func conflicts(with other: PublishedPort) -> Bool {
            port == other.hostPort && transport == other.transport && place.meets(other.place)
        }
    }

    /// Those of its own address.
    var addresses: [IPAddress] = []
    var fronts: [Front] = []
    var isSticky = false
    /// By the containers' ids as text.
    var slots = Slots<String>()
    var targets: [String: [IPAddress]] = [:]
    /// The network's group.
    var group: UInt32 = 0

    init() {}
}

extension Balance {
    func conflicts(with port: PublishedPort) -> Bool { fronts.contains { $0.conflicts(with: port) } }
}

// MARK: Elements
extension Balance {
    private static func map(_ kind: String, _ family: IPAddress.Family, at: Bool) -> Ruleset.Map {
        let address: Ruleset.FieldType = family == .v4 ? .ipv4 : .ipv6
        return Ruleset.Map(
            name(kind, family, at: at), key: (at ? [address] : []) + [.transport, .port, .number],
            value: .fields([address, .port]))
    }

    private static func name(_ kind: String, _ family: IPAddress.Family, at: Bool) -> String {
        "\(kind)\(family == .v4 ? 4 : 6)\(at ? "-at" : "")"
    }

    private static let kinds = ["balance", "sticky"]

    static let maps: [Ruleset.Map] = kinds.flatMap { kind in
        IPAddress.Family.allCases.flatMap { family in
            [true, false].map { map(kind, family, at: $0) }
        }
    }

    /// How the rules look into the maps.
    static func lookups(at: Bool) -> [(family: IPAddress.Family, operands: [Ruleset.Operand], map: String)] {
        IPAddress.Family.allCases.flatMap { family in
            kinds.map { kind in
                let count = UInt32(Slots<String>.count)
                let slot: Ruleset.Operand =
                    kind == "sticky" ? .hash([.source(family)], below: count) : .counting(below: count)
                let address: [Ruleset.Operand] = at ? [.destination(family)] : []
                return (family, address + [.transport, .destinationPort, slot], name(kind, family, at: at))
            }
        }
    }

    /// Elements by the names of their maps.
    var elements: [String: [Ruleset.Element]] {
        var elements: [String: [Ruleset.Element]] = [:]
        for front in fronts {
            let family = front.place.family
            var address: [Ruleset.Field] = []
            if case .at(let place) = front.place { address = [.address(place)] }
            let name = Self.name(isSticky ? "sticky" : "balance", family, at: !address.isEmpty)
            for (slot, holder) in slots.holders.enumerated() {
                guard let target = targets[holder]?.first(where: { $0.family == family }) else { continue }
                elements[name, default: []].append(
                    Ruleset.Element(
                        address + [
                            .transport(front.transport.protocolNumber), .port(front.port), .number(UInt32(slot)),
                        ], .fields([.address(target), .port(front.targetPort)])))
            }
        }
        return elements
    }

    /// The elements that one has and another has not, by maps.
    func elements(besides other: Balance) -> [(map: Ruleset.Map, elements: [Ruleset.Element])] {
        let (own, others) = (elements, other.elements)
        return Self.maps.compactMap { map in
            let known = Set(others[map.name] ?? [])
            let only = (own[map.name] ?? []).filter { !known.contains($0) }
            return only.isEmpty ? nil : (map, only)
        }
    }
}
