import ContainerNetwork
import Model
import Netlink

/// A policy, read: nothing in it can be wrong any more.
struct Policy: Sendable, Hashable {
    /// One side of it.
    enum Peer: Sendable, Hashable {
        case anybody, world
        case network(NetworkName)
        /// Those with all of these labels, on one network or on all.
        case containers(NetworkName?, [String: String])
        /// None is part of another.
        case addresses([IPPrefix])
    }

    enum Side: String { case from, to }

    let name: String
    let priority: Int
    let isAllowing: Bool
    let from: Peer
    let to: Peer
    /// Empty: all, and what has no ports.
    let ports: [PolicyPort]

    var sides: [(Side, Peer)] { [(.from, from), (.to, to)] }

    /// Throws `policy.refused`.
    init(_ spec: PolicySpec) throws(AgentError) {
        (name, priority, isAllowing) = ("\(spec.name)", spec.rank, spec.action == .allow)
        (from, to) = (try Peer(spec.from), try Peer(spec.to))
        ports = spec.ports ?? []
    }
}

extension Policy: Comparable {
    static func < (one: Policy, other: Policy) -> Bool { (one.priority, one.name) < (other.priority, other.name) }
}

extension Policy.Peer {
    fileprivate init(_ peer: PolicyPeer?) throws(AgentError) {
        guard let peer else {
            self = .anybody
            return
        }
        if peer.world == true {
            self = .world
        } else if let selector = peer.selector {
            self = .containers(peer.network, selector)
        } else if let network = peer.network {
            self = .network(network)
        } else {
            self = .addresses(try Self.prefixes(peer.addresses ?? []))
        }
    }

    /// An address in two of them would be an error for the kernel.
    private static func prefixes(_ texts: [String]) throws(AgentError) -> [IPPrefix] {
        var all: [IPPrefix] = []
        for text in texts {
            let prefix = text.contains("/") ? IPPrefix(text)?.network : IPAddress(text).map { .single($0) }
            guard let prefix else {
                throw AgentError(.policyRefused, "\"\(text)\" is no address and no network, such as 10.0.0.0/8")
            }
            all.append(prefix)
        }
        let unique = Set(all)
        return unique.filter { one in
            !unique.contains {
                $0 != one && $0.family == one.family && $0.length < one.length && $0.contains(one.address)
            }
        }.sorted { $0.description < $1.description }
    }
}

/// A container as the policies see it.
struct PolicyMember: Sendable, Hashable {
    var labels: [String: String]
    var addresses: [IPAddress]
}

// MARK: Meaning
extension Policy.Peer {
    /// Whether a container belongs to it that is on a network.
    func selects(_ member: PolicyMember, on network: NetworkName) -> Bool {
        guard case .containers(let own, let selector) = self, own == nil || own == network else { return false }
        return selector.allSatisfy { member.labels[$0.key] == $0.value }
    }

    /// Whether anybody on a network can belong to it.
    func reaches(into bridge: Bridge) -> Bool {
        switch self {
        case .anybody: true
        case .world: false
        case .network(let network): network == bridge.network
        case .containers(let network, _): network == nil || network == bridge.network
        case .addresses(let prefixes):
            prefixes.contains { prefix in
                bridge.subnets.contains { $0.family == prefix.family && $0.overlaps(prefix) }
            }
        }
    }
}

extension Policy {
    /// Whether it may decide between two containers of a network, whose frames don't pass the host's rules by themselves.
    func binds(inside bridge: Bridge) -> Bool { from.reaches(into: bridge) && to.reaches(into: bridge) }
}
