import Glibc
import Linux
import Testing

@testable import Netlink

let isRoot = (try? PeerCredentials(of: SocketPair(.stream).a))?.uid == 0

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

    /// Blocks until a link runs. One that was set up before its peer drops what is sent through it until the kernel's
    /// linkwatch work has taken note of the carrier, for which it may wait long for the lock of all links.
    func awaitRunning(_ index: UInt32) throws {
        let end = ContinuousClock.now.advanced(by: .seconds(10))
        while try route.link(index)?.flags.contains(.running) != true {
            try #require(ContinuousClock.now < end, "link \(index) does not run")
            usleep(1000)
        }
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
        try host.awaitRunning(try host.index("v0"))
        try guest.awaitRunning(2)
    }
}

/// Takes the next connection within a second.
func accept(_ listener: Descriptor) throws -> Descriptor {
    #expect(try listener.wait(until: .now.advanced(by: .seconds(1))))
    return try #require(try UnixSocket.accept(listener))
}
