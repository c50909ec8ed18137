public import Linux

/// Links, addresses, routes, neighbours and limits of one network namespace.
///
/// No call waits for anything but the kernel's own work. None is repeated; each says whether it can be.
public struct RouteSocket: Sendable {
    public let socket: NetlinkSocket

    /// In the namespace of the calling thread, or in another one.
    public init(in namespace: Descriptor? = nil) throws(NetlinkError) {
        socket = try NetlinkSocket(.route, in: namespace)
    }
}

extension RouteSocket {
    /// Makes a link; throws `EEXIST` when the name is taken. Settings of a port need a name and a bridge.
    public func add(_ kind: Link.Kind, _ settings: LinkSettings) throws(NetlinkError) {
        try socket.perform(kind.adding(settings))
    }

    /// Every link.
    public func links() throws(NetlinkError) -> [Link] {
        try socket.list(.gettingLink()).compactMap(Link.init)
    }

    /// The link with a name; nil when there is none.
    public func link(named name: String) throws(NetlinkError) -> Link? {
        try one(.gettingLink(name: name))
    }

    public func link(_ index: UInt32) throws(NetlinkError) -> Link? {
        try one(.gettingLink(index: index))
    }

    private func one(_ message: NetlinkMessage) throws(NetlinkError) -> Link? {
        do { return try socket.ask(message).lazy.compactMap(Link.init).first } catch {
            guard error.code == .noDevice else { throw error }
            return nil
        }
    }

    /// Changes a link. Idempotent.
    public func change(_ index: UInt32, _ settings: LinkSettings) throws(NetlinkError) {
        try socket.perform(.changing(index, settings, purpose: "changing link \(index)"))
    }

    /// Deletes a link, and the peer of a veth. Throws `ENODEV` when it is gone. Takes about 30 ms: links of a container
    /// go at no cost with their namespace.
    public func deleteLink(_ index: UInt32) throws(NetlinkError) {
        try socket.perform(.deletingLink(index))
    }
}
