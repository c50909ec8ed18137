import JSON
import Model
import Netlink

/// What the agent keeps for us of a container: all that a new start of the driver needs.
struct BridgeHandle: Sendable, Hashable, Codable {
    var version = 1
    /// With the length of their networks.
    var addresses: [String]
    /// The name of the host's end of the wire.
    var link: String
    /// The link's name inside, and its address.
    var interface: String?
    var mac: String?
    /// The addresses of the ways out, where it is the way out.
    var gateways: [String]?
    /// Each with its address and its port on the host.
    var ports: [PortMapping]
    /// Those that policies look at; nil: none.
    var labels: [String: String]?

    var member: PolicyMember { PolicyMember(labels: labels ?? [:], addresses: prefixes.map(\.address)) }

    var prefixes: [IPPrefix] { addresses.compactMap { IPPrefix($0) } }

    /// The elements that its ports are. What can't be read is left out.
    var published: [PublishedPort] {
        ports.compactMap { mapping in
            guard let address = mapping.address.flatMap({ IPAddress($0) }),
                let port = mapping.hostPort.flatMap({ UInt16(exactly: $0) }),
                let inner = UInt16(exactly: mapping.containerPort),
                let target = prefixes.first(where: { $0.family == address.family })?.address
            else { return nil }
            return PublishedPort(
                place: PublishedPort.Place(address), transport: mapping.transport, hostPort: port, target: target,
                containerPort: inner)
        }
    }
}
