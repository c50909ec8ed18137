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

    /// The table with elements for what is published, what is balanced, and whom policies mean.
    func table(
        _ ports: [PublishedPort], _ balances: some Collection<Balance> = [], _ policies: PolicyBook = PolicyBook()
    ) -> Ruleset.Table {
        let elements = Dictionary(grouping: ports, by: \.map)
        let published = PublishedPort.maps.map { map in
            var map = map
            map.elements = (elements[map.name] ?? []).map(\.element)
            return map
        }
        let slots = balances.reduce(into: [:]) { all, balance in
            all.merge(balance.elements) { $0 + $1 }
        }
        let balanced = Balance.maps.map { map in
            var map = map
            map.elements = slots[map.name] ?? []
            return map
        }
        return Ruleset.Table(
            .inet, Self.id.name, maps: sets + serviceSets(balances) + published + balanced + policies.sets(networks),
            chains: [
                PolicyBook.refuse, policies.chain(subnets: Self.subnets), publish, services, raw, prerouting, output,
                toContainers,
                fromContainers, forward, masquerade, input,
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
    /// Where names are asked for.
    private static let names = "names"
    static let namesPort: UInt16 = 53
    /// The host's addresses at which names are asked for.
    private static func servers(_ family: IPAddress.Family) -> String { "servers\(family.digit)" }
    /// Subnets that the world has no way back to.
    private static func hidden(_ family: IPAddress.Family) -> String { "hidden\(family.digit)" }
    /// All subnets.
    private static func subnets(_ family: IPAddress.Family) -> String { "subnets\(family.digit)" }
    /// Subnets whose containers can't speak to the world.
    private static let enclosed = "enclosed6"
    /// The host's address on each network.
    private static func gateway(_ family: IPAddress.Family) -> String { "gateway\(family.digit)" }
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
            Ruleset.Map(
                Self.names, key: [.transport, .port],
                elements: [Ruleset.Transport.udp, .tcp].map {
                    Ruleset.Element([.transport($0), .port(Self.namesPort)])
                }),
            Ruleset.Map(Self.together, key: [.linkGroup, .linkGroup], elements: pairs),
        ] + IPAddress.Family.allCases.flatMap { [hidden($0), home($0), gateway($0), servers($0), subnets($0)] }
            + [enclosed]
    }

    private func gateway(_ family: IPAddress.Family) -> Ruleset.Map {
        let elements = networks.compactMap { network in
            network.gateways.first { $0.family == family }.map { gateway in
                Ruleset.Element([.linkGroup(network.group)], .fields([.address(gateway.address)]))
            }
        }
        return Ruleset.Map(
            Self.gateway(family), key: [.linkGroup], value: .fields([family.fieldType]), elements: elements)
    }

    /// The host's addresses on all networks.
    var gateways: Set<IPAddress> { Set(networks.flatMap(\.gateways).map(\.address)) }

    private func servers(_ family: IPAddress.Family) -> Ruleset.Map {
        Ruleset.Map(
            Self.servers(family), key: [family.fieldType],
            elements: gateways.filter { $0.family == family }.map { Ruleset.Element([.address($0)]) })
    }

    /// The services' own addresses.
    private static func virtual(_ family: IPAddress.Family) -> String { "virtual\(family.digit)" }
    /// The same with the groups of their networks, whose containers alone may ask for them.
    private static func reachable(_ family: IPAddress.Family) -> String { "reachable\(family.digit)" }

    private func serviceSets(_ balances: some Collection<Balance>) -> [Ruleset.Map] {
        IPAddress.Family.allCases.flatMap { family in Self.serviceSets(family, balances) }
    }

    static func serviceSets(_ family: IPAddress.Family, _ balances: some Collection<Balance>) -> [Ruleset.Map] {
        let own = balances.flatMap { balance in
            balance.addresses.filter { $0.family == family }.map { (balance.group, $0) }
        }
        return [
            Ruleset.Map(
                virtual(family), key: [family.fieldType], elements: own.map { Ruleset.Element([.address($0.1)]) }),
            Ruleset.Map(
                reachable(family), key: [.linkGroup, family.fieldType],
                elements: own.map { Ruleset.Element([.linkGroup($0.0), .address($0.1)]) }),
        ]
    }

    private func hidden(_ family: IPAddress.Family) -> Ruleset.Map {
        let subnets = networks.filter { !$0.isInternal && (family == .v4 || $0.translatesSix) }.flatMap(\.subnets)
            .filter { $0.family == family && $0.isPrivateToTheHost }
        return Ruleset.Map(
            Self.hidden(family), key: [family.fieldType], hasIntervals: true,
            elements: subnets.map { Ruleset.Element($0) })
    }

    private func subnets(_ family: IPAddress.Family) -> Ruleset.Map {
        let subnets = networks.flatMap(\.subnets).filter { $0.family == family }
        return Ruleset.Map(
            Self.subnets(family), key: [family.fieldType], hasIntervals: true,
            elements: subnets.map { Ruleset.Element($0) })
    }

    private var enclosed: Ruleset.Map {
        let subnets = networks.filter { !$0.isInternal && !$0.translatesSix }.compactMap(\.subnet6).filter(
            \.isPrivateToTheHost)
        return Ruleset.Map(
            Self.enclosed, key: [.ipv6], hasIntervals: true, elements: subnets.map { Ruleset.Element($0) })
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
    private static let published = Ruleset.Rule(
        .match(.destinationType, .type(.local)), .verdict(.goto("publish")))

    private var prerouting: Ruleset.Chain {
        let services = IPAddress.Family.allCases.flatMap { family in
            [
                Ruleset.Rule(
                    Self.version(family), .isIn([.inputGroup, .destination(family)], set: Self.reachable(family)),
                    .verdict(.goto("services"))),
                // From elsewhere it is an address that leads nowhere.
                Ruleset.Rule(
                    Self.version(family), .isIn([.destination(family)], set: Self.virtual(family)),
                    .verdict(.return)),
            ]
        }
        return Ruleset.Chain(
            "prerouting", Ruleset.Base(.nat, .prerouting, priority: Self.priorities.dnat), services + [Self.published])
    }

    private var output: Ruleset.Chain {
        let services = IPAddress.Family.allCases.map { family in
            Ruleset.Rule(
                Self.version(family), .isIn([.destination(family)], set: Self.virtual(family)),
                .verdict(.goto("services")))
        }
        return Ruleset.Chain(
            "output", Ruleset.Base(.nat, .output, priority: Self.priorities.dnat), services + [Self.published])
    }

    /// A port at one address goes before the same port at every one, which the name servers' addresses are none of: a
    /// container that publishes a name server of its own leaves them theirs.
    private var publish: Ruleset.Chain {
        let named = PublishedPort.lookups(at: true) + Balance.lookups(at: true)
        let everywhere = PublishedPort.lookups(at: false) + Balance.lookups(at: false)
        let servers = IPAddress.Family.allCases.map { family in
            Ruleset.Rule(
                Self.version(family), .isIn([.transport, .destinationPort], set: Self.names),
                .isIn([.destination(family)], set: Self.servers(family)), .verdict(.return))
        }
        return Ruleset.Chain("publish", nil, named.map(Self.redirection) + servers + everywhere.map(Self.redirection))
    }

    /// For a service's own address.
    private var services: Ruleset.Chain {
        Ruleset.Chain("services", nil, Balance.lookups(at: true).map(Self.redirection))
    }

    private static func redirection(
        _ lookup: (family: IPAddress.Family, operands: [Ruleset.Operand], map: String)
    ) -> Ruleset.Rule {
        Ruleset.Rule(
            version(lookup.family),
            .destination(.map(lookup.family, hasPort: true, lookup.operands, name: lookup.map)))
    }

    /// A service's address is the host's, so that somebody answers for it; but a port behind which nobody stands must not
    /// lead to a program of the host's. Containers reach the host as policies let them, and always its name server.
    private var input: Ruleset.Chain {
        Ruleset.Chain(
            "input", Ruleset.Base(.filter, .input, priority: Self.priorities.filter),
            IPAddress.Family.allCases.map { family in
                // Answers to what the host asked of a service come to that address, too.
                Ruleset.Rule(
                    Self.version(family), .isIn([.destination(family)], set: Self.virtual(family)),
                    .match(.connectionState, .states([.new])), .verdict(.goto(PolicyBook.refusal)))
            } + [
                Ruleset.Rule(
                    .isIn([.inputGroup], set: Self.all), .isIn([.transport, .destinationPort], set: Self.names),
                    .verdict(.accept)),
                Ruleset.Rule(.isIn([.inputGroup], set: Self.all), Self.isNew, Self.policies),
            ])
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

    private static let isNew = Ruleset.Statement.match(.connectionState, .states([.new]))
    private static let policies = Ruleset.Statement.verdict(.jump(PolicyBook.chainName))

    /// What no policy decides: containers of a network reach each other, and others the published ports, unless their own network has no way
    /// out; nobody who only knows the address: not another network, and not a neighbour that takes the host for its
    /// router.
    private var toContainers: Ruleset.Chain {
        Ruleset.Chain(
            "to-containers", nil,
            [
                Ruleset.Rule(Self.isNew, Self.policies),
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
                Ruleset.Rule(Self.isNew, Self.policies),
                Ruleset.Rule(.isIn([.inputGroup], set: Self.closed), .verdict(.drop)),
                // An answer at once: the program goes on with version 4.
                Ruleset.Rule(
                    Self.version(.v6), .isIn([.source(.v6)], set: Self.enclosed),
                    .verdict(.goto(PolicyBook.refusal))),
                Ruleset.Rule(.verdict(.accept)),
            ])
    }
}

// MARK: Sources
extension BridgeRules {
    /// Four things get the address of the link by which they leave: what leaves the networks; what a container sends to a
    /// published port of its own network, for the answer would otherwise go straight to it, past the translation; what
    /// the host sends to a published port from its loopback, which no container could answer; and what it sends to a
    /// service, from the service's own address, by which the answer would come back as its own packet.
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
        // What a policy lets into a network without a way out, whose containers know no way back.
        let inward = IPAddress.Family.allCases.map { family in
            Ruleset.Rule(
                .isIn([.outputGroup], set: Self.closed), Self.version(family),
                .isIn([.source(family), .outputGroup], set: Self.home(family), inverted: true), .masquerade())
        }
        let own = IPAddress.Family.allCases.map { family in
            Ruleset.Rule(
                Self.version(family), .isIn([.source(family)], set: Self.virtual(family)),
                .source(.map(family, hasPort: false, [.outputGroup], name: Self.gateway(family))))
        }
        return Ruleset.Chain(
            "postrouting", Ruleset.Base(.nat, .postrouting, priority: Self.priorities.snat),
            out + back + loopbacks + own + inward)
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
    var digit: Int { self == .v4 ? 4 : 6 }
    fileprivate var fieldType: Ruleset.FieldType { self == .v4 ? .ipv4 : .ipv6 }
}
