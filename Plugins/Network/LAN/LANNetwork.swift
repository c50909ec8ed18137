import ContainerNetwork
import Drivers
import Model
import Netlink

/// What a network shall be. The kernel knows nothing of it: there are only the links of its containers.
struct LANNetwork: Sendable {
    let kind: LANKind
    let mode: LANMode
    /// The name of the host's link.
    let parent: String
    let plan: AddressPlan
    /// Machines of the LAN that know the way to elsewhere; empty where nothing leads there, or the host's routes do.
    let gateways: [IPAddress]
    let isInternal: Bool
    /// Nil: the parent's.
    let mtu: UInt32?

    var name: NetworkName { plan.network }
    var hasSix: Bool { plan.subnets.contains { $0.family == .v6 } }

    private static let options: Set = ["parent", "mode", "gateway", "gateway6"]

    /// Throws `network.refused` with the first thing that can't be.
    init(_ spec: NetworkSpec, _ kind: LANKind) throws(AgentError) {
        if let option = spec.options.keys.sorted().first(where: { !Self.options.contains($0) }) {
            throw AgentError(
                .networkRefused,
                "the driver \(kind) has no option \"\(option)\": it has \(Self.options.sorted().joined(separator: ", "))"
            )
        }
        guard let parent = spec.options["parent"] else {
            throw AgentError(
                .networkRefused,
                "the network \(spec.name) needs a parent, which is a link of the host's in the LAN: create one with `davit network create --driver \(kind) --opt parent=eth0 --subnet 192.0.2.0/24 NAME`"
            )
        }
        (self.kind, self.parent) = (kind, try LinkName.check(parent, "parent"))
        mode = try LANMode(spec.options["mode"], of: kind)
        isInternal = spec.isInternal ?? false
        plan = try Self.plan(spec, kind)
        gateways = try Self.gateways(spec, mode, plan)
        guard (1280...65535).contains(spec.mtu ?? 1500) else {
            throw AgentError(.networkRefused, "mtu \(spec.mtu ?? 0) must be 1280 to 65535")
        }
        mtu = spec.mtu.map { UInt32($0) }
    }

    private static func plan(_ spec: NetworkSpec, _ kind: LANKind) throws(AgentError) -> AddressPlan {
        let pair = try Subnets.pair(spec.subnets ?? [])
        let subnets = [pair.four, pair.six].compactMap(\.self)
        guard !subnets.isEmpty else {
            throw AgentError(
                .networkRefused,
                "the driver \(kind) can't know the subnet of the LAN: give it, such as --subnet 192.0.2.0/24")
        }
        guard spec.ipv6 == nil || spec.ipv6 == (pair.six != nil) else {
            throw AgentError(
                .networkRefused,
                "the network \(spec.name) has version 6 when a subnet of version 6 is given with it, and only then")
        }
        let range = try spec.range.map { text throws(AgentError) in try Subnets.range(text, of: subnets[0]) }
        let plan = AddressPlan(network: spec.name, subnets: subnets, range: range, first: 1)
        // A part of a network of version 6 may lie beyond the numbers that containers have.
        let lowest = plan.address(subnets[0].family, ofHost: plan.hosts.lowerBound)?.address
        guard let lowest, plan.host(lowest) != nil, range?.contains(lowest) != false else {
            throw AgentError(
                .networkRefused, "range \"\(spec.range ?? "")\" has no address that a container can have")
        }
        return plan
    }

    private static func gateways(
        _ spec: NetworkSpec, _ mode: LANMode, _ plan: AddressPlan
    ) throws(AgentError) -> [IPAddress] {
        let hasNone = spec.isInternal == true || mode.isRouted
        var gateways: [IPAddress] = []
        for (family, option) in [(IPAddress.Family.v4, "gateway"), (.v6, "gateway6")] {
            guard let text = spec.options[option] else {
                // The second address of a network is its first host's.
                if !hasNone, let first = plan.address(family, ofHost: 1) { gateways.append(first.address) }
                continue
            }
            guard !hasNone else {
                let reason = mode.isRouted ? "in a routed mode the host is the way out" : "the network is internal"
                throw AgentError(.networkRefused, "there can be no \(option): \(reason)")
            }
            guard let address = IPAddress(text), address.family == family, isGateway(address, plan) else {
                throw AgentError(.networkRefused, "\(option) \"\(text)\" is no address of a machine in the subnet")
            }
            gateways.append(address)
        }
        return gateways
    }

    /// Routers of version 6 are often known by an address of the link alone.
    private static func isGateway(_ address: IPAddress, _ plan: AddressPlan) -> Bool {
        let hasFamily = plan.subnets.contains { $0.family == address.family }
        return plan.host(address) != nil || hasFamily && address.family == .v6 && address.isLinkLocal
    }
}
