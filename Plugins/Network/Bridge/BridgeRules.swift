import Netlink

/// What nftables shall hold for all networks: one table with a fixed number of rules, whatever is published and however
/// many networks there are. Links are known by the groups of their networks, and all else is elements of sets and maps.
struct BridgeRules: Sendable, Hashable {
    /// In the order of their groups.
    let networks: [Bridge]

    private static let priorities = (
        raw: Int32(-300), dnat: Int32(-100), user: Int32(-10), filter: Int32(0), snat: Int32(100)
    )

    init(_ networks: some Sequence<Bridge>) { self.networks = networks.sorted { $0.group < $1.group } }

    static let id = Ruleset.TableID(.inet, "davit")
    static let userID = Ruleset.TableID(.inet, "davit-user")

    /// The table with elements for what is published.
    func table(_ ports: [PublishedPort]) -> Ruleset.Table {
        let elements = Dictionary(grouping: ports, by: \.map)
        let published = PublishedPort.maps.map { map in
            var map = map
            map.elements = (elements[map.name] ?? []).map(\.element)
            return map
        }
        return Ruleset.Table(
            .inet, Self.id.name, maps: sets + published,
            chains: [
                publish, raw, redirect(.prerouting), redirect(.output), toContainers, fromContainers, forward,
                masquerade,
            ])
    }

    /// The administrator's own table: made once, then never touched again. Tables can't jump into one another, so it
    /// has a hook of its own before ours, where every new connection to a published port passes the chain `published`.
    /// What is dropped there stays dropped.
    static var userTable: Ruleset.Table {
        let jump = Ruleset.Rule(
            .match(.connectionStatus, .statuses(.destinationTranslated)), .verdict(.jump("published")))
        return Ruleset.Table(
            .inet, userID.name,
            chains: [
                Ruleset.Chain("published"),
                Ruleset.Chain("forward", Ruleset.Base(.filter, .forward, priority: priorities.user), [jump]),
            ])
    }

    private static func version(_ family: IPAddress.Family) -> Ruleset.Statement {
        .match(.networkProtocol, .networkProtocol(family))
    }
}

// MARK: Sets
extension BridgeRules {
    /// Every network's group.
    private static let all = "networks"
    /// Those without a way out.
    private static let closed = "internal"
    /// Which pairs of networks reach each other: each itself.
    private static let together = "together"
    /// Subnets that the world has no way back to.
    private static func hidden(_ family: IPAddress.Family) -> String { "hidden\(family.digit)" }
    /// Subnets with the groups of their networks.
    private static func home(_ family: IPAddress.Family) -> String { "home\(family.digit)" }

    private var sets: [Ruleset.Map] {
        let groups = { (networks: [Bridge]) in networks.map { Ruleset.Element([.linkGroup($0.group)]) } }
        let pairs = networks.filter { !$0.isIsolating }.map { network in
            Ruleset.Element([.linkGroup(network.group), .linkGroup(network.group)])
        }
        return [
            Ruleset.Map(Self.all, key: [.linkGroup], elements: groups(networks)),
            Ruleset.Map(Self.closed, key: [.linkGroup], elements: groups(networks.filter(\.isInternal))),
            Ruleset.Map(Self.together, key: [.linkGroup, .linkGroup], elements: pairs),
        ] + IPAddress.Family.allCases.flatMap { [hidden($0), home($0)] }
    }

    private func hidden(_ family: IPAddress.Family) -> Ruleset.Map {
        let subnets = networks.filter { !$0.isInternal }.flatMap(\.subnets).filter {
            $0.family == family && $0.isPrivateToTheHost
        }
        return Ruleset.Map(
            Self.hidden(family), key: [family.fieldType], hasIntervals: true,
            elements: subnets.map { Ruleset.Element($0) })
    }

    private func home(_ family: IPAddress.Family) -> Ruleset.Map {
        let elements = networks.flatMap { network in
            network.subnets.filter { $0.family == family }.map { subnet in
                let group = Ruleset.Field.linkGroup(network.group)
                return Ruleset.Element(
                    [.address(subnet.network.address), group], through: [.address(subnet.last), group])
            }
        }
        return Ruleset.Map(
            Self.home(family), key: [family.fieldType, .linkGroup], hasIntervals: true, elements: elements)
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
                Ruleset.Rule(
                    .isIn([.inputGroup], set: Self.all), Self.version(.v4), .match(.source(.v4), loopback),
                    .verdict(.drop)),
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
        let rules = PublishedPort.lookups.map { lookup in
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
                Ruleset.Rule(.isIn([.outputGroup], set: Self.all), .verdict(.goto("to-containers"))),
                Ruleset.Rule(.isIn([.inputGroup], set: Self.all), .verdict(.goto("from-containers"))),
            ])
    }

    /// Containers of a network reach each other, and others the published ports, unless their own network has no way
    /// out; nobody who only knows the address: not another network, and not a neighbour that takes the host for its
    /// router.
    private var toContainers: Ruleset.Chain {
        Ruleset.Chain(
            "to-containers", nil,
            [
                Ruleset.Rule(.isIn([.inputGroup, .outputGroup], set: Self.together), .verdict(.accept)),
                Ruleset.Rule(.isIn([.inputGroup], set: Self.closed), .verdict(.drop)),
                Ruleset.Rule(.match(.connectionStatus, .statuses(.destinationTranslated)), .verdict(.accept)),
                Ruleset.Rule(.verdict(.drop)),
            ])
    }

    private var fromContainers: Ruleset.Chain {
        Ruleset.Chain(
            "from-containers", nil,
            [
                Ruleset.Rule(.isIn([.inputGroup], set: Self.closed), .verdict(.drop)),
                Ruleset.Rule(.verdict(.accept)),
            ])
    }
}

// MARK: Sources
extension BridgeRules {
    /// Three things get the address of the link by which they leave: what leaves the networks; what a container sends to a
    /// published port of its own network, for the answer would otherwise go straight to it, past the translation; and what
    /// the host sends to a published port from its loopback, which no container could answer.
    private var masquerade: Ruleset.Chain {
        let (onto, elsewhere) = (
            Ruleset.Statement.isIn([.outputGroup], set: Self.all),
            Ruleset.Statement.isIn([.outputGroup], set: Self.all, inverted: true)
        )
        let translated = Ruleset.Statement.match(.connectionStatus, .statuses(.destinationTranslated))
        let out = IPAddress.Family.allCases.map { family in
            Ruleset.Rule(
                elsewhere, Self.version(family), .isIn([.source(family)], set: Self.hidden(family)),
                .masquerade(.fullyRandom))
        }
        let back = IPAddress.Family.allCases.map { family in
            Ruleset.Rule(
                translated, Self.version(family), .isIn([.source(family), .outputGroup], set: Self.home(family)),
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

extension IPAddress.Family {
    fileprivate var digit: Int { self == .v4 ? 4 : 6 }
    fileprivate var fieldType: Ruleset.FieldType { self == .v4 ? .ipv4 : .ipv6 }
}
