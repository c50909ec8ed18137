import Netlink

/// What nftables shall hold for a bridge: a fixed number of rules, whatever is published.
struct BridgeRules: Sendable, Hashable {
    let bridge: Bridge
    let isIsolated: Bool

    private static let priorities = (
        raw: Int32(-300), dnat: Int32(-100), user: Int32(-10), filter: Int32(0), snat: Int32(100)
    )

    /// The first bridge has the plain name; others have their own, so that one never writes over another.
    private var suffix: String { bridge.name == "davit0" ? "" : "-\(bridge.name)" }
    var id: Ruleset.TableID { Ruleset.TableID(.inet, "davit\(suffix)") }
    var userID: Ruleset.TableID { Ruleset.TableID(.inet, "davit-user\(suffix)") }

    /// The table with elements for what is published.
    func table(_ ports: [PublishedPort]) -> Ruleset.Table {
        let elements = Dictionary(grouping: ports, by: \.map)
        let maps = PublishedPort.maps.map { map in
            var map = map
            map.elements = (elements[map.name] ?? []).map(\.element)
            return map
        }
        return Ruleset.Table(
            .inet, id.name, maps: maps,
            chains: [
                publish, raw, redirect(.prerouting), redirect(.output), toContainers, fromContainers, forward,
                masquerade,
            ])
    }

    /// The administrator's own table: made once, then never touched again. Tables can't jump into one another, so it
    /// has a hook of its own before ours, where every new connection to a published port passes the chain `published`.
    /// What is dropped there stays dropped.
    var userTable: Ruleset.Table {
        let jump = Ruleset.Rule(
            onto, .match(.connectionStatus, .statuses(.destinationTranslated)), .verdict(.jump("published")))
        return Ruleset.Table(
            .inet, userID.name,
            chains: [
                Ruleset.Chain("published"),
                Ruleset.Chain("forward", Ruleset.Base(.filter, .forward, priority: Self.priorities.user), [jump]),
            ])
    }

    private var onto: Ruleset.Statement { .match(.outputName, .field(.linkName(bridge.name))) }
    private var elsewhere: Ruleset.Statement { .match(.outputName, .field(.linkName(bridge.name)), inverted: true) }
    private var from: Ruleset.Statement { .match(.inputName, .field(.linkName(bridge.name))) }
    private static func version(_ family: IPAddress.Family) -> Ruleset.Statement {
        .match(.networkProtocol, .networkProtocol(family))
    }
}

// MARK: Destinations
extension BridgeRules {
    /// `route_localnet` lets 127.0.0.0/8 in and out by the bridge, which the kernel otherwise keeps out. Two things must
    /// stay out: a container that says it is 127.0.0.1 to a service of the host that trusts that, or that reaches what
    /// listens there only (CVE-2020-8558). And on every link: a neighbour that sends to 127.0.0.1 through the host, whose
    /// packet would be redirected to a container before the kernel sees that it is a martian (moby#45610). Answers to the
    /// host's own connections come with the bridge's address and get theirs back behind this chain.
    private var raw: Ruleset.Chain {
        let loopback = Ruleset.Constant.prefix(IPPrefix("127.0.0.0/8") ?? .single(.v4(0x7F00_0001)))
        let arriving = Ruleset.Statement.match(.inputName, .field(.linkName("lo")), inverted: true)
        return Ruleset.Chain(
            "martians", Ruleset.Base(.filter, .prerouting, priority: Self.priorities.raw),
            [
                Ruleset.Rule(arriving, Self.version(.v4), .match(.destination(.v4), loopback), .verdict(.drop)),
                Ruleset.Rule(from, Self.version(.v4), .match(.source(.v4), loopback), .verdict(.drop)),
            ])
    }

    /// What is for an address of the host's is looked up, whether it comes from outside or from the host itself.
    private func redirect(_ hook: Ruleset.Hook) -> Ruleset.Chain {
        Ruleset.Chain(
            hook.rawValue, Ruleset.Base(.nat, hook, priority: Self.priorities.dnat),
            [Ruleset.Rule(.match(.destinationType, .type(.local)), .verdict(.goto("publish")))])
    }

    /// A port at one address goes before the same port at every one.
    private var publish: Ruleset.Chain {
        let rules = PublishedPort.lookups.filter { $0.family == .v4 || bridge.subnet6 != nil }.map { lookup in
            Ruleset.Rule(
                Self.version(lookup.family),
                .destination(.map(lookup.family, hasPort: true, lookup.operands, name: lookup.map)))
        }
        return Ruleset.Chain("publish", nil, rules)
    }
}

// MARK: Who may pass
extension BridgeRules {
    private var forward: Ruleset.Chain {
        Ruleset.Chain(
            "forward", Ruleset.Base(.filter, .forward, priority: Self.priorities.filter),
            [
                Ruleset.Rule(.match(.connectionState, .states([.established, .related])), .verdict(.accept)),
                Ruleset.Rule(onto, .verdict(.goto("to-containers"))),
                Ruleset.Rule(from, .verdict(.goto("from-containers"))),
            ])
    }

    /// Containers reach each other, and others the published ports; nobody who only knows the address: not another
    /// bridge, and not a neighbour that takes the host for its router.
    private var toContainers: Ruleset.Chain {
        Ruleset.Chain(
            "to-containers", nil,
            [
                Ruleset.Rule(from, .verdict(.accept)),
                Ruleset.Rule(.match(.connectionStatus, .statuses(.destinationTranslated)), .verdict(.accept)),
                Ruleset.Rule(.verdict(.drop)),
            ])
    }

    private var fromContainers: Ruleset.Chain {
        Ruleset.Chain("from-containers", nil, [Ruleset.Rule(.verdict(isIsolated ? .drop : .accept))])
    }
}

// MARK: Sources
extension BridgeRules {
    /// Three things get the address of the link by which they leave: what leaves the network; what a container sends to a
    /// published port, for the answer would otherwise go straight to it, past the translation; and what the host sends to
    /// a published port from its loopback, which no container could answer.
    private var masquerade: Ruleset.Chain {
        let translated = Ruleset.Statement.match(.connectionStatus, .statuses(.destinationTranslated))
        let out =
            isIsolated
            ? []
            : bridge.subnets.filter(\.isPrivateToTheHost).map { subnet in
                Ruleset.Rule(
                    elsewhere, Self.version(subnet.family), .match(.source(subnet.family), .prefix(subnet)),
                    .masquerade(.fullyRandom))
            }
        let back = bridge.subnets.map { subnet in
            Ruleset.Rule(
                onto, translated, Self.version(subnet.family), .match(.source(subnet.family), .prefix(subnet)),
                .masquerade())
        }
        let loopbacks = ["127.0.0.0/8", "::1/128"].compactMap { IPPrefix($0) }.map { loopback in
            Ruleset.Rule(
                onto, Self.version(loopback.family), .match(.source(loopback.family), .prefix(loopback)), .masquerade())
        }
        return Ruleset.Chain(
            "postrouting", Ruleset.Base(.nat, .postrouting, priority: Self.priorities.snat), out + back + loopbacks)
    }
}

extension IPPrefix {
    /// The world has no way back to it: version 4, and unique local addresses. A given network of version 6 that is none
    /// of those is routed as it is.
    fileprivate var isPrivateToTheHost: Bool {
        guard family == .v6, let unique = IPPrefix("fc00::/7") else { return true }
        return unique.contains(address)
    }
}
