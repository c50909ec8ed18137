import ContainerNetwork
import Model
import Netlink

/// The host's side of a network, as it is.
struct Bridge: Sendable, Hashable {
    let network: NetworkName
    /// The link's name.
    let name: String
    let index: UInt32
    /// The address that containers send to when they send to the gateway.
    let mac: MACAddress
    let mtu: UInt32
    let subnet: IPPrefix
    /// Nil: the network has no version 6.
    let subnet6: IPPrefix?
    /// The part of `subnet` that addresses are chosen from; nil: all of it.
    let range: IPPrefix?
    /// No way out, and no port into it.
    let isInternal: Bool
    /// Containers don't reach each other.
    let isIsolating: Bool
    /// Its containers are no ports of the bridge: the host routes between them.
    let isRouted: Bool
    /// What its unique local addresses send to the world gets the host's; otherwise it is refused.
    let translatesSix: Bool
    /// The number that the network's links share; rules know the network by it.
    let group: UInt32

    var subnets: [IPPrefix] { [subnet] + (subnet6.map { [$0] } ?? []) }

    /// The first number of a subnet is the network's, the second the host's.
    var plan: AddressPlan { AddressPlan(network: network, subnets: subnets, range: range, first: 2) }

    /// The host's addresses on the bridge: the first of each network, with its length.
    var gateways: [IPPrefix] { plan.addresses(ofHost: 1) }

    /// Keeps what is for nobody in a routed network from leaving by the host's own ways.
    static func unreachable(_ subnet: IPPrefix) -> Route { Route(to: subnet, priority: .max, kind: .unreachable) }

    /// What version 6 has in the place of `route_localnet`: an answer to what the host's loopback asked comes by this link
    /// for ::1, and the kernel looks for that with the link in mind. What others send to ::1 it drops before that, and also
    /// the answer where frames of bridges pass the rules (`br_netfilter`), for it is translated too early there.
    func loopback(by link: UInt32) -> Route? {
        // Of several with one priority the kernel would make one.
        subnet6.map { _ in Route(to: .single(.v6(1)), link: link, priority: 1024 + link, kind: .local) }
    }
}
