import ContainerNetwork
import Linux
import Model
import Netlink

/// Finds out whether a process of the host has a port.
struct HostPorts: Sendable {
    let host: HostNetwork

    var holders: PortHolders { PortHolders(host: host) }

    /// Whether a socket could be bound there now. A port that ended connections still rest on is free, for all that
    /// listens there afterwards is us. SCTP is taken for free: the host's programs hardly ever speak it.
    func isFree(_ port: UInt16, at place: PublishedPort.Place, _ transport: PortMapping.Transport) throws -> Bool {
        let address = "\(place.address)"
        return try host.run { () throws(Errno) in
            switch transport {
            case .sctp: return true
            case .udp: return try Self.canBind(.datagram, address, port, backlog: 0)
            case .tcp:
                // Bound only, nobody can connect. What that is refused for may be only resting connections: these do not
                // keep a listener away, which for an instant there is then.
                if try Self.canBind(.stream, address, port, backlog: 0) { return true }
                return try Self.canBind(.stream, address, port, backlog: 1)
            }
        }
    }

    private static func canBind(
        _ kind: InternetSocket.Kind, _ address: String, _ port: UInt16, backlog: Int32
    ) throws(Errno) -> Bool {
        do {
            _ = try InternetSocket.listen(kind, address: address, port: port, backlog: backlog)
            return true
        } catch  where error == .addressInUse {
            return false
        } catch  where error == .addressNotAvailable || error == Errno(rawValue: 97) {
            // EAFNOSUPPORT. Nobody can have it then.
            return true
        }
    }
}
