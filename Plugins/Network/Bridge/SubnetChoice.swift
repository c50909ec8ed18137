import Model
import Netlink

/// Finds networks that nobody else on the host uses.
enum SubnetChoice {
    /// The network that was asked for, or the first that is free.
    ///
    /// - Parameters:
    ///   - supernet: where a network that nobody asked for comes from. The default, 10.88.0.0/14, is seldom a company's.
    ///   - length: of its prefix.
    ///   - routes: those of other links, with the links' names. A default route takes no network, nor do its parts.
    /// Throws `network.exhausted`.
    static func subnet(
        _ wish: IPPrefix?, of supernet: IPPrefix?, length: Int, besides routes: [TakenRoute]
    ) throws(AgentError) -> IPPrefix {
        guard let wish else { return try firstFree(of: supernet, length, besides: routes) }
        try check(wish, besides: routes)
        return wish
    }

    static func check(_ wish: IPPrefix, besides routes: [TakenRoute]) throws(AgentError) {
        guard let taken = routes.first(where: { $0.takes(wish) }) else { return }
        throw AgentError(
            .networkExhausted,
            "the network \(wish) overlaps the host's route to \(taken.destination) by \(taken.link): name another one"
        )
    }

    private static func firstFree(
        of supernet: IPPrefix?, _ length: Int, besides routes: [TakenRoute]
    ) throws(AgentError) -> IPPrefix {
        if let supernet {
            for number in 0..<(UInt128(1) << UInt128(max(0, length - supernet.length))) {
                guard let address = supernet.address(at: number << UInt128(32 - length)),
                    let candidate = IPPrefix(address, length: length)
                else { continue }
                if !routes.contains(where: { $0.takes(candidate) }) { return candidate }
            }
        }
        let links = Set(routes.map { "\($0.destination) by \($0.link)" }).sorted().joined(separator: ", ")
        throw AgentError(
            .networkExhausted,
            "no /\(length) of \(supernet?.description ?? "no supernet") is free of the host's routes: name a subnet, or another \"supernet\" in the driver's configuration",
            cause: ["the routes are \(links)"])
    }

    /// A unique local /64 (RFC 4193), the same at every start of a host: its 40 bits come from the machine's id and the
    /// 16 of the subnet from the bridge's name. The id itself, which is to be kept from others, can't be told from them.
    static func unique(machine: [UInt8], bridge: String) -> IPPrefix? {
        let global = scatter(machine) >> 24
        let subnet = scatter(Array(bridge.utf8)) >> 48
        let high = UInt128(0xFD) << 56 | UInt128(global) << 16 | UInt128(subnet)
        return IPPrefix(.v6(high << 64), length: 64)
    }

    /// FNV-1a, then the last step of SplitMix64, so that each byte counts for every bit.
    private static func scatter(_ bytes: [UInt8]) -> UInt64 {
        var hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }
}

/// A route of a link that is not ours.
struct TakenRoute: Sendable, Hashable {
    var destination: IPPrefix
    /// The link's name.
    var link: String

    func takes(_ subnet: IPPrefix) -> Bool {
        !isDefault && destination.family == subnet.family && destination.overlaps(subnet)
    }

    /// A VPN that shall have everything puts parts in the place of the default route, which these go before: halves of
    /// version 4, and of version 6 down to fc00::/7 (OpenVPN's `redirect-gateway def1 ipv6`).
    private var isDefault: Bool { destination.length < (destination.family == .v4 ? 2 : 8) }

    /// Those of the host's main table that are not ours.
    ///
    /// - Parameters:
    ///   - links: as they were after the routes were read: one whose link has gone meanwhile has gone with it.
    ///   - groups: of our own links: the bridges, and in routed networks the containers' links, by which routes lead.
    ///   - link: one more that is ours.
    static func all(
        _ routes: [Route], _ links: [Link], besides groups: some Collection<UInt32>, link: UInt32? = nil
    ) -> [TakenRoute] {
        let others = links.filter { $0.index != link && !groups.contains($0.group) }
        let names = Dictionary(others.map { ($0.index, $0.name) }) { first, _ in first }
        return routes.compactMap { route in
            // Some lead by several links.
            guard let link = route.link else { return TakenRoute(destination: route.destination, link: "other links") }
            return names[link].map { TakenRoute(destination: route.destination, link: $0) }
        }
    }
}
