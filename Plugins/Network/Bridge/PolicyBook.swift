import ContainerNetwork
import Model
import Netlink

/// All policies, and the containers whose labels they look at.
///
/// Each policy is one rule for each version. Whom it means is elements of sets, so that a container that comes or goes is
/// an element and no rule.
struct PolicyBook: Sendable {
    /// In the order in which they are asked.
    private(set) var policies: [Policy]
    private(set) var members: [ConnectionID: PolicyMember] = [:]

    init(_ policies: [Policy] = []) { self.policies = policies.sorted() }

    mutating func replace(_ policies: [Policy]) { self.policies = policies.sorted() }

    /// Answers the elements that it is.
    mutating func add(_ member: PolicyMember, _ id: ConnectionID) -> [Firewall.Elements] {
        members[id] = member
        return elements(of: member, id)
    }

    /// Answers the elements that it was.
    mutating func remove(_ id: ConnectionID) -> [Firewall.Elements] {
        members.removeValue(forKey: id).map { elements(of: $0, id) } ?? []
    }
}

// MARK: Rules
extension PolicyBook {
    /// Asked for new connections only, in the order of the policies.
    func chain(subnets: (IPAddress.Family) -> String) -> Ruleset.Chain {
        let rules = policies.flatMap { policy in
            IPAddress.Family.allCases.compactMap { Self.rule(policy, $0, subnets: subnets($0)) }
        }
        return Ruleset.Chain(Self.chainName, nil, rules)
    }

    static let chainName = "policies"

    /// An answer at once, so that nobody waits. A reset for TCP: the kernel does not listen to other answers to its first
    /// packet while it still sends that, and in version 6 tries again only a second later.
    static let refuse = Ruleset.Chain(
        refusal, nil,
        [
            Ruleset.Rule(.match(.transport, .field(.transport(.tcp))), .reset), Ruleset.Rule(.reject),
        ])
    static let refusal = "refuse"

    /// Nil: it means nobody of this version.
    private static func rule(_ policy: Policy, _ family: IPAddress.Family, subnets: String) -> Ruleset.Rule? {
        guard policy.from.has(family), policy.to.has(family) else { return nil }
        var statements: [Ruleset.Statement] = [.match(.networkProtocol, .networkProtocol(family))]
        for (side, peer) in policy.sides {
            let operand = side == .from ? Ruleset.Operand.source(family) : .destination(family)
            switch peer {
            case .anybody: break
            case .world: statements.append(.isIn([operand], set: subnets, inverted: true))
            case .network, .containers, .addresses:
                statements.append(.isIn([operand], set: name(policy, side, family)))
            }
        }
        if !policy.ports.isEmpty { statements.append(.isIn([.transport, .destinationPort], set: ports(policy))) }
        return Ruleset.Rule(statements + [policy.isAllowing ? .verdict(.accept) : .verdict(.goto(refusal))])
    }

    private static func name(_ policy: Policy, _ side: Policy.Side, _ family: IPAddress.Family) -> String {
        "policy-\(policy.name)-\(side.rawValue)\(family == .v4 ? 4 : 6)"
    }

    private static func ports(_ policy: Policy) -> String { "policy-\(policy.name)-ports" }
}

// MARK: Sets
extension PolicyBook {
    func sets(_ networks: [Bridge]) -> [Ruleset.Map] {
        policies.flatMap { policy in
            let sides = policy.sides.flatMap { side, peer in
                IPAddress.Family.allCases.compactMap { family in
                    peer.has(family) ? set(peer, Self.name(policy, side, family), family, networks) : nil
                }
            }
            return sides + Self.portSet(policy)
        }
    }

    private func set(
        _ peer: Policy.Peer, _ name: String, _ family: IPAddress.Family, _ networks: [Bridge]
    ) -> Ruleset.Map? {
        var set = Ruleset.Map(name, key: [family == .v4 ? .ipv4 : .ipv6])
        switch peer {
        case .anybody, .world: return nil
        case .network(let network):
            let subnets = networks.filter { $0.network == network }.flatMap(\.subnets)
            set.hasIntervals = true
            set.elements = subnets.filter { $0.family == family }.map { Ruleset.Element($0) }
        case .containers:
            let own = members.filter { peer.selects($0.value, on: $0.key.network) }.values.flatMap(\.addresses)
            set.elements = Set(own).filter { $0.family == family }.map { Ruleset.Element([.address($0)]) }
        case .addresses(let prefixes):
            set.hasIntervals = true
            set.elements = prefixes.filter { $0.family == family }.map { Ruleset.Element($0) }
        }
        return set
    }

    private static func portSet(_ policy: Policy) -> [Ruleset.Map] {
        guard !policy.ports.isEmpty else { return [] }
        let elements = policy.ports.map { port in
            let ends = [port.port, port.lastPort ?? port.port].map { number -> [Ruleset.Field] in
                [.transport(port.transport.protocolNumber), .port(UInt16(truncatingIfNeeded: number))]
            }
            return Ruleset.Element(ends[0], through: ends[1])
        }
        return [Ruleset.Map(ports(policy), key: [.transport, .port], hasIntervals: true, elements: elements)]
    }

    private func elements(
        of member: PolicyMember, _ id: ConnectionID
    ) -> [Firewall.Elements] {
        policies.flatMap { policy in
            policy.sides.filter { $0.1.selects(member, on: id.network) }.flatMap {
                side, _ in
                IPAddress.Family.allCases.compactMap { family in
                    let own = member.addresses.filter { $0.family == family }.map { Ruleset.Element([.address($0)]) }
                    let set = Ruleset.Map(
                        Self.name(policy, side, family), key: [family == .v4 ? .ipv4 : .ipv6])
                    return own.isEmpty ? nil : (set, own)
                }
            }
        }
    }
}

extension Policy.Peer {
    /// Whether anybody of a version can belong to it.
    fileprivate func has(_ family: IPAddress.Family) -> Bool {
        guard case .addresses(let prefixes) = self else { return true }
        return prefixes.contains { $0.family == family }
    }
}

// MARK: Connections that are there
extension PolicyBook {
    /// Whether the first policy that means a connection denies it.
    func denies(_ flow: TrackedFlow, _ networks: [Bridge]) -> Bool {
        let first = policies.first { policy in
            means(policy.from, flow.original.source, networks) && means(policy.to, flow.reply.source, networks)
                && (policy.ports.isEmpty || policy.ports.contains { $0.means(flow) })
        }
        return first.map { !$0.isAllowing } ?? false
    }

    private func means(_ peer: Policy.Peer, _ address: IPAddress, _ networks: [Bridge]) -> Bool {
        let isIn = { (subnets: [IPPrefix]) in
            subnets.contains { $0.family == address.family && $0.contains(address) }
        }
        switch peer {
        case .anybody: return true
        case .world: return !isIn(networks.flatMap(\.subnets))
        case .network(let network): return isIn(networks.filter { $0.network == network }.flatMap(\.subnets))
        case .containers:
            return members.contains {
                peer.selects($0.value, on: $0.key.network) && $0.value.addresses.contains(address)
            }
        case .addresses(let prefixes): return isIn(prefixes)
        }
    }
}

extension PolicyPort {
    fileprivate func means(_ flow: TrackedFlow) -> Bool {
        transport.protocolNumber.rawValue == flow.reply.transport && contains(Int(flow.reply.sourcePort))
    }
}
