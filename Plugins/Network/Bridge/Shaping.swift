import Linux
import Model
import Netlink

/// Limits what passes a wire: each end limits what it sends.
///
/// The container can't take off the limit of its end: the namespace belongs to the host's user namespace.
struct Shaping {
    let namespace: Descriptor
    let interface: String
    /// The host's end.
    let link: String
    let route: RouteSocket

    /// In the place of earlier limits; what waits is not lost. Idempotent.
    func apply(_ bandwidth: Bandwidth) throws {
        try set(bandwidth.ingress, on: link, route)
        try set(bandwidth.egress, on: interface, RouteSocket(in: namespace))
    }

    private func set(_ rate: Int64?, on name: String, _ socket: RouteSocket) throws {
        guard let index = try socket.link(named: name)?.index else {
            throw AgentError(.hostFailed, "the link \(name) of the container is gone")
        }
        guard let rate else { return try socket.removeLimit(of: index) }
        try socket.limit(index, to: TrafficLimit(bytesPerSecond: UInt64(clamping: rate)))
    }
}

extension Shaping {
    init(_ plug: Plug, _ route: RouteSocket) {
        self.init(namespace: plug.namespace, interface: plug.interface, link: plug.link, route: route)
    }
}
