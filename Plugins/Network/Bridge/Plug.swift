import Linux
import Model
import Netlink

/// A fresh network namespace with its addresses and its wire to the bridge, ready, that no container has had.
struct Plug: Sendable {
    let namespace: Descriptor
    /// The number of the network that its addresses come from.
    let number: UInt32
    /// The name of the host's end of the wire.
    let link: String
}

/// Makes plugs for a bridge.
struct PlugMaker: Sendable {
    let bridge: Bridge
    let isIsolated: Bool
    let route: RouteSocket
    let leases: Guarded<Leases>

    /// Blocks for a few milliseconds. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN. Throws `network.exhausted`.
    func make() throws -> Plug {
        guard let number = leases.withLock({ $0.take() }) else {
            throw AgentError(
                .networkExhausted,
                "all addresses of the network \(bridge.name) are taken: remove containers or configure a larger \"subnet\"",
                retryable: true)
        }
        do { return try make(number) } catch {
            leases.withLock { $0.giveBack(number) }
            throw error
        }
    }

    private func make(_ number: UInt32) throws -> Plug {
        let namespace = try NetworkNamespace.make()
        let hasSix = bridge.subnet6 != nil
        let inside = try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try Self.settle(hasSix: hasSix)
            return Result { () throws(NetlinkError) in try RouteSocket() }
        }.get()
        let link = try wire(to: namespace)
        guard let index = try inside.link(named: "eth0")?.index else {
            throw AgentError(.hostFailed, "a new network namespace has no eth0 although it was made there")
        }
        try inside.apply(changes(number, index))
        try waitUntilReady(inside, index, link)
        return Plug(namespace: namespace, number: number, link: link)
    }

    /// Brings the links up and gives `eth0` its addresses and ways: one send.
    private func changes(_ number: UInt32, _ index: UInt32) -> [RouteChange] {
        let addresses = bridge.addresses(ofHost: number).map { InterfaceAddress($0, link: index) }
        let gateways = bridge.gateways.map(\.address)
        // The gateway's link address never changes: nobody has to ask for it, nor can anybody else say it is theirs.
        let neighbours = gateways.map { Neighbour($0, bridge.mac, link: index) }
        let routes = isIsolated ? [] : gateways.map { Route(to: .everything($0.family), via: $0, link: index) }
        return [1, index].map { .change($0, LinkSettings(isUp: true)) } + addresses.map { .address($0) }
            + neighbours.map { .neighbour($0) } + routes.map { .route($0) }
    }

    /// The namespace belongs to the host's user namespace, so that a container can't change these itself, and a program
    /// that is root only in the container could neither bind port 80 nor ping (docs/decisions/0002). Nobody announces
    /// routers here but us, and nobody else can have an address that we gave.
    private static func settle(hasSix: Bool) throws(Errno) {
        var settings = [
            ("ipv4/ip_unprivileged_port_start", "0"), ("ipv4/ping_group_range", "0\t2147483647"),
            ("ipv6/conf/default/accept_ra", "0"), ("ipv6/conf/default/accept_dad", "0"),
        ]
        if !hasSix { settings.append(("ipv6/conf/default/disable_ipv6", "1")) }
        let directory = try Directory(path: "/proc/sys/net")
        for (path, value) in settings {
            // A kernel without version 6 has no files of it.
            do { try directory.open(path, .writeOnly).write(value) } catch  where error == .noSuchFile {}
        }
    }

    /// Makes the wire, plugs it in and brings the host's end up: one send. Answers the name of the host's end.
    private func wire(to namespace: Descriptor) throws(NetlinkError) -> String {
        while true {
            let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
            let name = "davit" + String(repeating: "0", count: 8 - digits.count) + digits
            let peer = LinkSettings(name: "eth0", mtu: bridge.mtu, namespace: namespace)
            let end = LinkSettings(
                name: name, mtu: bridge.mtu, master: bridge.index, port: BridgePort(hairpin: true))
            do throws(NetlinkError) {
                // The host's end is a port and nothing else: an address of its own would only be asked for by nobody.
                try route.apply([
                    .add(.veth(peer: peer), end), .change(0, LinkSettings(name: name, hasOwnAddress: false)),
                    .change(0, LinkSettings(name: name, isUp: true)),
                ])
                return name
            } catch { guard error.code == .exists else { throw error } }
        }
    }

    /// A packet that is sent before the kernel is done with a new carrier is dropped, and so is the search for an address
    /// of version 6 before it hears that; the next attempt of TCP, ARP or neighbour discovery comes a second later. To look
    /// at a link makes a new kernel do its work at once; for the rest, and on older ones, it takes a moment.
    private func waitUntilReady(_ inside: RouteSocket, _ index: UInt32, _ link: String) throws {
        let pause = Guarded(())
        for _ in 0..<2000 {
            let ends = [try route.link(named: link), try route.link(bridge.index)]
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
