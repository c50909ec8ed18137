import JSON
import Model
import Netlink

/// What the agent keeps for us of a container: all that a new start of the driver needs.
struct LANHandle: Sendable, Hashable, Codable {
    var version = 1
    /// With the length of their networks.
    var addresses: [String]
    /// The link's name inside, and its address.
    var interface: String
    var mac: String?
    /// The addresses of the ways out, where it is the way out.
    var gateways: [String]?

    init(addresses: [IPPrefix], interface: String) {
        (self.addresses, self.interface) = (addresses.map(\.description), interface)
    }

    /// Nil: none was kept, or none of ours.
    init?(_ value: JSONValue) {
        guard let handle = try? value.decode(LANHandle.self, unknownKeys: .ignore) else { return nil }
        self = handle
    }

    var owned: [IPAddress] { addresses.compactMap { IPPrefix($0)?.address } }
}
