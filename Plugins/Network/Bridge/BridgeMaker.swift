import ContainerNetwork
import Linux
import Model
import Netlink

/// Makes the host's side of a network. Idempotent: what is there already stays as it is.
struct BridgeMaker {
    let settings: NetworkSettings
    /// What other networks of ours have, made or not.
    let reserved: [TakenRoute]
    let groups: Set<UInt32>
    let host: HostNetwork
    let route: RouteSocket

    func make() throws -> Bridge {
        let routes = try route.routes(.v4) + route.routes(.v6)
        let links = try route.links()
        let old = links.first { $0.name == settings.link }
        if let old, old.kind != "bridge" || old.alias != alias {
            throw AgentError(
                .networkRefused,
                "the host has a link \(settings.link) that is not ours: give the network \(settings.network) another one"
            )
        }
        let subnets = try subnets(routes, links, old)
        let mtu = try settings.mtu ?? mtuOfTheWayOut(links)
        let group = settings.group ?? (Self.firstGroup...).first { !groups.contains($0) } ?? Self.firstGroup
        let bridge = try old ?? add(mtu)
        guard let mac = bridge.mac else {
            throw AgentError(.hostFailed, "the bridge \(settings.link) has no link address")
        }
        let whole = Bridge(
            network: settings.network, name: bridge.name, index: bridge.index, mac: mac, mtu: mtu, subnet: subnets.four,
            subnet6: subnets.six, range: settings.range, isInternal: settings.isInternal,
            isIsolating: settings.isIsolating, isRouted: settings.isRouted,
            translatesSix: settings.translatesSix, group: group)
        try address(whole)
        try forward(whole)
        return whole
    }

    /// Groups of links are counted from here: the number is nobody else's, and says DA71 in hexadecimal to a reader.
    private static let firstGroup: UInt32 = 0x0DA7_1001

    /// What tells our bridges from others'.
    static func alias(of network: NetworkName) -> String { "davit network \(network)" }

    private var alias: String { Self.alias(of: settings.network) }

    /// The link address is ours from the beginning: otherwise it would change with the ports, and what containers know of
    /// the gateway would be wrong.
    private func add(_ mtu: UInt32) throws -> Link {
        let mac = MACAddress(bytes: [2] + (0..<5).map { _ in UInt8.random(in: 0...255) })
        try route.apply([
            .add(.bridge, LinkSettings(name: settings.link, mac: mac, mtu: mtu)),
            .change(0, LinkSettings(name: settings.link, alias: alias)),
        ])
        // Before it is up: a container must not tell the host which way the world is; and while the kernel searched for a
        // second owner of the bridge's own address it could ask no container for its link address, for two seconds.
        for setting in ["accept_ra", "accept_dad"] {
            try host.set("ipv6/conf/\(settings.link)/\(setting)", to: "0")
        }
        guard let link = try route.link(named: settings.link) else {
            throw AgentError(.hostFailed, "the bridge \(settings.link) went as soon as it was made", retryable: true)
        }
        return link
    }

    private func address(_ bridge: Bridge) throws {
        let present = try route.addresses(of: bridge.index).filter {
            $0.link == bridge.index && !$0.prefix.address.isLinkLocal
        }
        let wanted = bridge.gateways.map { gateway in
            InterfaceAddress(bridge.isRouted ? .single(gateway.address) : gateway, link: bridge.index)
        }
        // Those of an earlier configuration: the bridge is ours.
        for old in present where !wanted.contains(where: { $0.prefix == old.prefix }) { try route.delete(old) }
        let missing = wanted.filter { wish in !present.contains { $0.prefix == wish.prefix } }
        try route.apply(
            missing.map { .address($0) } + [.change(bridge.index, LinkSettings(isUp: true, group: bridge.group))])
        let loopback = bridge.loopback(by: bridge.index).map { [$0] } ?? []
        let unreachables = bridge.isRouted ? bridge.subnets.map(Bridge.unreachable) : []
        for standing in unreachables + loopback { try route.replace(standing) }
    }

    /// Turns routing on, and lets addresses of 127.0.0.0/8 leave by the bridge: so a port that is published on the
    /// loopback needs no proxy. `BridgeRules` keeps out what could come in by that.
    private func forward(_ bridge: Bridge) throws {
        let name = bridge.name
        try host.run { () throws(Errno) in
            _ = try KernelSetting("ipv4/conf/\(name)/route_localnet").set("1")
            _ = try KernelSetting("ipv4/ip_forward").set("1")
            _ = try KernelSetting("ipv6/conf/\(name)/accept_ra").set("0")
        }
        guard bridge.subnet6 != nil else { return }
        try host.run { () throws(Errno) in try Self.forward6(besides: name) }
    }

    /// A host that routes version 6 no longer hears its own routers (`accept_ra` 1), so that its way out would end with
    /// the last announcement. The links that listen are told to go on (2).
    private static func forward6(besides bridge: String) throws(Errno) {
        let all = KernelSetting("ipv6/conf/all/forwarding")
        guard let value = try all.value(), value != "1" else { return }
        let links = try Directory(path: "/proc/sys/net/ipv6/conf").names()
        for link in links where !["all", "default", "lo", bridge].contains(link) {
            let listening = KernelSetting("ipv6/conf/\(link)/accept_ra")
            if try listening.value() == "1" { _ = try listening.set("2") }
        }
        _ = try all.set("1")
    }
}

// MARK: Choices
extension BridgeMaker {
    private func subnets(_ routes: [Route], _ links: [Link], _ bridge: Link?) throws -> (four: IPPrefix, six: IPPrefix?)
    {
        // Not the group that the bridge is in: one that was left half made is in none, as the host's links are.
        let groups = settings.group.map { [$0] } ?? []
        let taken = TakenRoute.all(routes, links, besides: groups, link: bridge?.index) + reserved
        // A bridge of an earlier start has its network already; its containers live in it, whatever the host's routes are
        // now: ``RouteWatch`` tells of that.
        let addresses = try (bridge.map { try route.addresses(of: $0.index) } ?? []).filter { $0.link == bridge?.index }
        let stands = { (subnet: IPPrefix) in addresses.contains { $0.prefix.address == subnet.address(at: 1) } }
        let present = addresses.first { $0.prefix.family == .v4 && $0.prefix.length < 32 }?.prefix.network
        let wish = settings.subnet ?? present
        let four =
            if let wish, stands(wish) { wish } else {
                try SubnetChoice.subnet(wish, of: settings.supernet, length: settings.length, besides: taken)
            }
        let six = try subnet6()
        if let six, !stands(six) { try SubnetChoice.check(six, besides: taken) }
        guard six != nil || !settings.needsSix else {
            throw AgentError(
                .networkRefused, "the host has no version 6, which the network \(settings.network) asks for")
        }
        return (four, six)
    }

    private func subnet6() throws -> IPPrefix? {
        switch settings.subnet6 {
        case .none: return nil
        case .given(let prefix): return prefix
        case .derived:
            guard try host.run({ () throws(Errno) in try KernelSetting("ipv6/conf/all/forwarding").value() }) != nil
            else { return nil }
            let machine = try Directory(path: "/").readIfPresent("/etc/machine-id", limit: 64)
            return SubnetChoice.unique(machine: machine ?? [], bridge: settings.link)
        }
    }

    private func mtuOfTheWayOut(_ links: [Link]) throws -> UInt32 {
        let out = try route.routes(.v4).first { $0.destination.length == 0 }?.link
        let mtu = links.first { $0.index == out }?.mtu
        return mtu.flatMap { (1280...65535).contains($0) ? $0 : nil } ?? 1500
    }
}
