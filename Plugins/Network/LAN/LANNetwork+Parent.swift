import ContainerNetwork
import Linux
import Model
import Netlink

extension LANNetwork {
    /// The host's link, as it is now, and the host's own addresses, which are nobody else's.
    ///
    /// Throws `network.refused` where it can't be the parent of this network's links.
    func findParent(_ host: HostNetwork, _ route: RouteSocket) throws -> (link: Link, addresses: Set<IPAddress>) {
        guard let link = try route.link(named: parent) else { throw missing(try route.links()) }
        guard !link.flags.contains(.loopback) else {
            throw AgentError(.networkRefused, "the loopback \(parent) leads to no LAN: name another parent")
        }
        if let mtu, mtu > link.mtu {
            throw AgentError(
                .networkRefused, "mtu \(mtu) is larger than \(link.mtu), which is that of the parent \(parent)")
        }
        let addresses = Set(try route.addresses().map(\.prefix.address))
        if let own = gateways.first(where: addresses.contains) {
            throw AgentError(
                .networkRefused,
                "the gateway \(own) is the host itself, which containers on a \(kind) link can't reach: name another machine of the LAN by the option \(own.family == .v4 ? "gateway" : "gateway6"), or make the network internal"
            )
        }
        let hasSix = try host.run { () throws(Errno) in try KernelSetting("ipv6/conf/all/forwarding").value() } != nil
        guard hasSix || !self.hasSix else {
            throw AgentError(.networkRefused, "the host has no version 6, of which the network \(name) has a subnet")
        }
        return (link, addresses)
    }

    private func missing(_ links: [Link]) -> AgentError {
        let names = links.filter { !$0.flags.contains(.loopback) }.map(\.name).sorted().joined(separator: ", ")
        let advice = parent.contains(".") ? "; a VLAN is made by the host, not by the network" : ""
        return AgentError(
            .networkRefused,
            "the host has no link \(parent), the parent of the network \(name): it has \(names.isEmpty ? "none" : names)\(advice)"
        )
    }
}
