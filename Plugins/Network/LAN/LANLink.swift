import ContainerNetwork
import Linux
import Model
import Netlink

/// A container's link over a parent of the host's.
struct LANLink: Sendable {
    let network: LANNetwork
    let parent: Link
    /// That of the host.
    let route: RouteSocket
    /// The name inside.
    let name: String
    /// Nil: it is the parent's.
    var mac: MACAddress?

    /// Has it born in a namespace, with its name. Throws `network.refused` for what the kernel can't do with this parent.
    func make(in namespace: Descriptor) throws {
        let settings = LinkSettings(name: name, mac: mac, mtu: network.mtu, namespace: namespace)
        do throws(NetlinkError) { try route.add(network.mode.link(over: parent.index), settings) } catch {
            throw refusal(error) ?? error
        }
    }

    /// Takes it out of a namespace, at once: while it is there it answers for its addresses, and a link in the mode
    /// passthru lets no other be. Another link of that name is left alone. Takes about 30 ms. Idempotent.
    static func remove(_ name: String, of kind: LANKind, from namespace: Descriptor) throws(NetlinkError) {
        let inside = try RouteSocket(in: namespace)
        guard let link = try inside.link(named: name), link.kind == kind.rawValue else { return }
        do { try inside.deleteLink(link.index) } catch { guard error.code == .noDevice else { throw error } }
    }

    /// What the kernel's word means for a parent; nil: nothing that is said of parents.
    private func refusal(_ error: NetlinkError) -> AgentError? {
        let message: String
        switch error.code {
        case .notSupported: message = "the kernel has no \(network.kind): load the module \(network.kind)"
        case .busy:
            let other = network.kind == .macvlan ? LANKind.ipvlan : .macvlan
            message =
                "the link \(parent.name) can't be the parent of \(network.kind) links: it is that of \(other) links already, or a port of a bridge; take another parent, or the bridge itself"
        case .invalid:
            message =
                "the kernel takes the link \(parent.name) for no parent now: it must be an Ethernet link, and a \(network.kind) link in the mode passthru is the only one of its parent"
        default: return nil
        }
        return AgentError(.networkRefused, message, cause: ["\(error)"])
    }
}
