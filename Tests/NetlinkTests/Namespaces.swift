import Linux
import Testing

@testable import Netlink

/// A fresh network namespace with its loopback up. It goes with the last descriptor and socket.
struct FreshNetwork {
    let namespace: Descriptor
    let route: RouteSocket

    init() throws {
        namespace = try NetworkNamespace.make()
        route = try RouteSocket(in: namespace)
        try route.change(1, LinkSettings(isUp: true))
    }

    func index(_ name: String) throws -> UInt32 { try #require(try route.link(named: name)).index }

    /// A packet that is sent before the kernel's own work after a new carrier or address is done is lost, and the next
    /// attempt comes a second later.
    func waitUntilFound(_ name: String) throws {
        let (link, pause) = (try index(name), Guarded(()))
        for _ in 0..<2000 {
            if try route.isFound(link) { return }
            let time = MonotonicTime.now.advanced(by: .milliseconds(1))
            pause.sleep { time }
        }
        Issue.record("\(name) is not ready after two seconds")
    }

    /// A TCP socket of this network that listens.
    func listen(_ kind: InternetSocket.Kind, _ address: String, _ port: UInt16) throws -> Descriptor {
        try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try InternetSocket.listen(kind, address: address, port: port)
        }
    }

    /// A TCP connection made from this network. The kernel joins an address's group for neighbour solicitations behind
    /// everybody's back, and asks a second time after one second where the first came too early.
    func connect(_ address: String, _ port: UInt16) throws -> Descriptor {
        let socket = try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try InternetSocket.stream(for: address)
        }
        try socket.connect(to: address, port: port, until: .now.advanced(by: .seconds(5)))
        return socket
    }
}

/// Two networks joined by a veth pair: `v0` in the first with the first address, `eth0` in the second with the other.
struct JoinedNetworks {
    let host: FreshNetwork
    let guest: FreshNetwork

    init(_ hostAddress: String = "10.99.0.1/24", _ guestAddress: String = "10.99.0.2/24") throws {
        (host, guest) = (try FreshNetwork(), try FreshNetwork())
        try host.route.add(
            .veth(peer: LinkSettings(name: "eth0", index: 2, namespace: guest.namespace)),
            LinkSettings(name: "v0", isUp: true))
        try host.route.add(
            InterfaceAddress(try #require(IPPrefix(hostAddress)), link: try host.index("v0")))
        try guest.route.apply([
            .change(2, LinkSettings(isUp: true)),
            .address(InterfaceAddress(try #require(IPPrefix(guestAddress)), link: 2)),
        ])
        try host.waitUntilFound("v0")
        try guest.waitUntilFound("eth0")
    }
}

/// Takes the next connection within a second.
func accept(_ listener: Descriptor) throws -> Descriptor {
    #expect(try listener.wait(until: .now.advanced(by: .seconds(1))))
    return try #require(try UnixSocket.accept(listener))
}
