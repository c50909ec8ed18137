import ContainerNetwork
import JSON
import Linux
import Model
import Netlink

/// Connects a namespace to the LAN.
struct LANConnector: Sendable {
    let link: LANLink
    let addresses: [IPPrefix]
    /// Whether what is for elsewhere leaves by it.
    let isWayOut: Bool

    /// What a link of before may need to go with its namespace, which the kernel does in its own time.
    private static let patience = Duration.seconds(1)

    /// The link in the namespace, up, with its addresses and ways; all of it or nothing. Blocks for a few milliseconds.
    ///
    /// Throws `network.refused` for what the kernel can't do, and `address.in_use` for a link address that another
    /// container of the parent has.
    func connect(_ namespace: Descriptor) throws -> MACAddress? {
        let inside = try settle(namespace)
        let end = MonotonicTime.now.advanced(by: Self.patience)
        let pause = Guarded(())
        while true {
            do { return try connect(namespace, inside) } catch let error as AgentError {
                // A container that was started again has what it had before, perhaps too early.
                let isRival = error.code == .addressInUse || link.network.mode == .macvlan(.passthru)
                guard isRival, MonotonicTime.now < end else { throw error }
                let time = MonotonicTime.now.advanced(by: .milliseconds(20))
                pause.sleep { time }
            }
        }
    }

    private func connect(_ namespace: Descriptor, _ inside: RouteSocket) throws -> MACAddress? {
        try link.make(in: namespace)
        do {
            guard let made = try inside.link(named: link.name) else {
                throw AgentError(.hostFailed, "a network namespace has no \(link.name) although it was made there")
            }
            do throws(NetlinkError) { try inside.apply(rising(made.index)) } catch {
                guard error.code == .addressInUse, let mac = link.mac else { throw error }
                throw AgentError(
                    .addressInUse,
                    "the link address \(mac) is another container's on \(link.parent.name): choose another",
                    retryable: true, details: ["address": .string("\(mac)")])
            }
            try waitUntil { () throws(NetlinkError) in try inside.link(made.index).map(isReady) == true }
            try inside.apply(risen(made.index))
            // Where nobody asks for neighbours, nobody needs to be found.
            if !link.network.mode.isRouted {
                try waitUntil { () throws(NetlinkError) in try inside.hearsSearches(made.index) }
            }
            return made.mac
        } catch {
            // The error that led here is what counts.
            try? LANLink.remove(link.name, of: link.network.kind, from: namespace)
            throw error
        }
    }

    /// Addresses of version 4 come first, so that the link tells the LAN of them when it comes up (`arp_notify`).
    private func rising(_ index: UInt32) -> [RouteChange] {
        let addresses = addresses.filter { $0.family == .v4 }.map { InterfaceAddress($0, link: index) }
        return (link.network.hasSix ? askingAddress(index) : []) + addresses.map { .address($0) }
            + [1, index].map { .change($0, LinkSettings(isUp: true)) }
    }

    /// Those of version 6 come last: the kernel uses one that it still searches for only if the link was ready when it came.
    private func risen(_ index: UInt32) -> [RouteChange] {
        let addresses = addresses.filter { $0.family == .v6 }.map { InterfaceAddress($0, link: index) }
        return addresses.map { .address($0, isSearched: true) } + routes(index).map { .route($0) }
    }

    /// Nobody else has one of 2^64 addresses, so that the kernel needs not ask for this one, and can ask from it for its
    /// neighbours while it still searches for rivals of the others. Links with the parent's MAC could not all have the
    /// address that is made of it.
    private func askingAddress(_ index: UInt32) -> [RouteChange] {
        let number = UInt128(0xFE80) << 112 | UInt128(UInt64.random(in: 1 ... .max))
        let address = IPPrefix(.v6(number), length: 64).map { RouteChange.address(InterfaceAddress($0, link: index)) }
        return [.change(index, LinkSettings(hasOwnAddress: false))] + [address].compactMap(\.self)
    }

    private func routes(_ index: UInt32) -> [Route] {
        guard isWayOut, !link.network.isInternal else { return [] }
        // The host's routes decide where nobody answers ARP.
        if link.network.mode.isRouted { return addresses.map { Route(to: .everything($0.family), link: index) } }
        return link.network.gateways.map { Route(to: .everything($0.family), via: $0, link: index) }
    }

    /// Prepares for a link that is born here, and answers a socket of the namespace.
    ///
    /// Machines that are not ours may have an address, so the kernel asks for those of version 6, and uses them meanwhile
    /// (RFC 4429; where it is built without that, version 6 is silent for the first second or two). A link that comes up
    /// says so (`arp_notify`, `ndisc_notify`), and switches learn where it is. Routers that announce themselves are not
    /// heard: the network says what its gateways are, and has none where it is internal.
    private func settle(_ namespace: Descriptor) throws -> RouteSocket {
        let isOff = link.network.hasSix ? "0" : "1"
        return try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try KernelSetting.write(
                KernelSetting.forPrograms + [
                    ("ipv6/conf/default/disable_ipv6", isOff), ("ipv6/conf/default/accept_ra", "0"),
                    ("ipv6/conf/default/accept_dad", "1"), ("ipv6/conf/default/optimistic_dad", "1"),
                    ("ipv6/conf/default/use_optimistic", "1"), ("ipv6/conf/default/ndisc_notify", "1"),
                    ("ipv4/conf/default/arp_notify", "1"),
                ])
            return Result { () throws(NetlinkError) in try RouteSocket() }
        }.get()
    }

    /// The kernel never says of an ipvlan link that it is ready; it has its carrier from the parent, with no work that
    /// follows.
    private func isReady(_ made: Link) -> Bool {
        made.isReady || link.network.kind == .ipvlan && made.flags.contains(.running)
    }

    /// A first packet that is sent too early is lost, and the next attempt comes a second later. A LAN whose cable is out
    /// is not waited for: it comes when it comes.
    private func waitUntil(_ condition: () throws(NetlinkError) -> Bool) throws(NetlinkError) {
        guard link.parent.isReady else { return }
        let pause = Guarded(())
        for _ in 0..<1000 {
            if try condition() { return }
            let time = MonotonicTime.now.advanced(by: .microseconds(500))
            pause.sleep { time }
        }
    }
}
