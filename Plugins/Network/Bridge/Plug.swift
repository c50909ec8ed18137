import ContainerNetwork
import Linux
import Model
import Netlink

/// A wire to the bridge in a network namespace, with its addresses, ready, that no container has had.
struct Plug: Sendable {
    let namespace: Descriptor
    /// The numbers of the network that its addresses come from: one, or two when both were asked for.
    let numbers: Set<UInt32>
    let addresses: [IPPrefix]
    let mac: MACAddress?
    /// The name of the host's end of the wire, and of the other.
    let link: String
    let interface: String
}

/// What a plug shall be.
struct PlugWish: Sendable {
    /// Addresses of the network, at most one of each version; what is not said is chosen.
    var addresses: [IPAddress] = []
    var mac: MACAddress?
    var interface = "eth0"
    /// Nil: a fresh one.
    var namespace: Descriptor?
    /// Whether what is for elsewhere leaves by it.
    var isWayOut = true

    /// Whether any will do that is the first of its container.
    var isPlain: Bool { addresses.isEmpty && mac == nil && interface == "eth0" && namespace == nil && isWayOut }
}

/// Makes plugs for a bridge.
struct PlugMaker: Sendable {
    let bridge: Bridge
    let host: HostNetwork
    let route: RouteSocket
    let leases: Guarded<Leases>

    /// Blocks for a few milliseconds. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN. Throws `network.exhausted`,
    /// `address.in_use` and `network.refused`.
    func make(_ wish: PlugWish = PlugWish()) throws -> Plug {
        let lease = try lease(wish.addresses)
        do { return try make(wish, lease) } catch {
            giveBack(lease.numbers)
            throw error
        }
    }

    /// Throws as ``AddressPlan/lease(_:from:besides:)`` does.
    func lease(_ wishes: [IPAddress]) throws -> Lease {
        try leases.withLock { try bridge.plan.lease(wishes, from: &$0) }
    }

    func giveBack(_ numbers: Set<UInt32>) {
        leases.withLock { leases in for number in numbers { leases.giveBack(number) } }
    }

    private func make(_ wish: PlugWish, _ lease: Lease) throws -> Plug {
        let namespace = try wish.namespace ?? NetworkNamespace.make()
        let hasSix = bridge.subnet6 != nil
        let inside = try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try Self.settle(hasSix: hasSix)
            return Result { () throws(NetlinkError) in try RouteSocket() }
        }.get()
        let link = try wire(to: namespace, wish)
        do {
            guard let end = try inside.link(named: wish.interface) else {
                throw AgentError(.hostFailed, "a network namespace has no \(wish.interface) although it was made there")
            }
            try inside.apply(changes(lease.addresses, end.index, wish))
            if bridge.isRouted { try lead(to: lease.addresses, end.mac, link) }
            try waitUntilReady(inside, end.index, link)
            return Plug(
                namespace: namespace, numbers: lease.numbers, addresses: lease.addresses, mac: end.mac, link: link,
                interface: wish.interface)
        } catch {
            // A fresh namespace takes it along; another one lives on.
            if wish.namespace != nil { try? unplug(link) }
            throw error
        }
    }

    /// Takes a wire out of a namespace that lives on. Takes 30 ms. Idempotent.
    func unplug(_ name: String) throws(NetlinkError) {
        guard let link = try route.link(named: name) else { return }
        do { try route.deleteLink(link.index) } catch { guard error.code == .noDevice else { throw error } }
    }

    /// Brings the links up and gives the inner one its addresses and ways: one send.
    private func changes(_ addresses: [IPPrefix], _ index: UInt32, _ wish: PlugWish) -> [RouteChange] {
        let gateways = bridge.gateways.map(\.address)
        // The gateway's link address never changes: nobody has to ask for it, nor can anybody else say it is theirs.
        let neighbours = gateways.map { Neighbour($0, bridge.mac, link: index) }
        let ways =
            bridge.isInternal || !wish.isWayOut
            ? [] : gateways.map { Route(to: .everything($0.family), via: $0, link: index) }
        // Nobody is on the link but the host, which leads to the others.
        let neighbourhood = bridge.subnets.compactMap { subnet in
            gateways.first { $0.family == subnet.family }.map { Route(to: subnet, via: $0, link: index) }
        }
        let routes =
            bridge.isRouted ? gateways.map { Route(to: .single($0), link: index) } + neighbourhood + ways : ways
        let addresses = bridge.isRouted ? addresses.map { .single($0.address) } : addresses
        return [1, index].map { .change($0, LinkSettings(isUp: true)) }
            + addresses.map { .address(InterfaceAddress($0, link: index)) } + neighbours.map { .neighbour($0) }
            + routes.map { .route($0) }
    }

    /// Lets the host know the way to a container that is on a link of its own. What it lets out by a bridge from its
    /// loopback it does here as well, see ``BridgeMaker``. All of it goes with the link.
    private func lead(to addresses: [IPPrefix], _ mac: MACAddress?, _ name: String) throws {
        guard let mac, let end = try route.link(named: name) else {
            throw AgentError(.hostFailed, "the wire \(name) went as soon as it was made", retryable: true)
        }
        try host.set("ipv4/conf/\(name)/route_localnet", to: "1")
        // What is translated to the address of this link gets the gateway's, which every container knows the way to.
        let gateways = bridge.gateways.filter { $0.family == .v4 }.map(\.address)
        let ways = addresses.map { Route(to: .single($0.address), link: end.index) }
        let loopback = bridge.loopback(by: end.index).map { [$0] } ?? []
        try route.apply(
            gateways.map { .address(InterfaceAddress(.single($0), link: end.index)) }
                + (ways + loopback).map { .route($0) }
                + addresses.map { .neighbour(Neighbour($0.address, mac, link: end.index)) })
    }

    /// The namespace belongs to the host's user namespace, so that a container can't change these itself, and a program
    /// that is root only in the container could neither bind port 80 nor ping (docs/decisions/0002). Nobody announces
    /// routers here but us, and nobody else can have an address that we gave.
    private static func settle(hasSix: Bool) throws(Errno) {
        let settings =
            KernelSetting.forPrograms + [
                ("ipv6/conf/default/accept_ra", "0"), ("ipv6/conf/default/accept_dad", "0"),
                ("ipv6/conf/default/disable_ipv6", hasSix ? "0" : "1"),
            ]
        try KernelSetting.write(settings)
    }

    /// Makes the wire, plugs it in and brings the host's end up: one send. Answers the name of the host's end.
    private func wire(to namespace: Descriptor, _ wish: PlugWish) throws(NetlinkError) -> String {
        while true {
            let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
            let name = "davit" + String(repeating: "0", count: 8 - digits.count) + digits
            let peer = LinkSettings(name: wish.interface, mac: wish.mac, mtu: bridge.mtu, namespace: namespace)
            let port = BridgePort(hairpin: true, isolated: bridge.isIsolating ? true : nil)
            // Without a bridge it is the link of the network itself, with the gateway's link address.
            let end =
                bridge.isRouted
                ? LinkSettings(name: name, mac: bridge.mac, mtu: bridge.mtu, group: bridge.group)
                : LinkSettings(name: name, mtu: bridge.mtu, master: bridge.index, port: port)
            do throws(NetlinkError) {
                // The host's end is a port and nothing else: an address of its own would only be asked for by nobody.
                try route.apply([
                    .add(.veth(peer: peer), end), .change(0, LinkSettings(name: name, hasOwnAddress: false)),
                    .change(0, LinkSettings(name: name, isUp: true)),
                ])
                return name
            } catch {
                // The name is random: it is the other one that is taken, and by what the container made itself.
                if wish.namespace != nil, error.code == .exists, try route.link(named: name) == nil { throw error }
                guard error.code == .exists else { throw error }
            }
        }
    }

    /// A packet that is sent before the kernel is done with a new carrier is dropped, and so is the search for an address
    /// of version 6 before it hears that; the next attempt of TCP, ARP or neighbour discovery comes a second later. To look
    /// at a link makes a new kernel do its work at once; for the rest, and on older ones, it takes a moment.
    private func waitUntilReady(_ inside: RouteSocket, _ index: UInt32, _ link: String) throws {
        let pause = Guarded(())
        for _ in 0..<2000 {
            // A bridge without ports is never ready.
            let ends = [try route.link(named: link)] + (bridge.isRouted ? [] : [try route.link(bridge.index)])
            if try inside.isFound(index), ends.allSatisfy({ $0?.isReady == true }) { return }
            // The bridge was taken away or down: whoever attaches next finds that out, and mends it.
            if ends.contains(where: { $0?.isUp != true }) { break }
            let time = MonotonicTime.now.advanced(by: .microseconds(500))
            pause.sleep { time }
        }
        throw AgentError(
            .hostFailed, "the wire \(link) does not come up: is the bridge \(bridge.name) up?", retryable: true)
    }
}
