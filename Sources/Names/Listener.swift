import Linux
import Netlink

/// The two sockets at an address of a network.
struct Listener {
    let address: IPAddress
    let datagrams: Descriptor
    let connections: Descriptor

    init(_ address: IPAddress, port: UInt16) throws(Errno) {
        self.address = address
        datagrams = try InternetSocket.serve(.datagram, address: address.description, port: port)
        connections = try InternetSocket.serve(.stream, address: address.description, port: port)
    }
}
