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

/// A step of setting up a network. A list of them is a value, and goes to the kernel in one send.
public enum RouteChange: Sendable {
    case add(Link.Kind, LinkSettings)
    /// By index.
    case change(UInt32, LinkSettings)
    /// Searched: a foreign machine may have it; the kernel asks for it, and uses it meanwhile where it may
    /// (`optimistic_dad`). Of version 6 only.
    case address(InterfaceAddress, isSearched: Bool = false)
    case route(Route)
    case neighbour(Neighbour)

    var messages: [NetlinkMessage] {
        switch self {
        case .add(let kind, let settings): kind.adding(settings)
        case .change(let index, let settings): [.changing(index, settings, purpose: "changing link \(index)")]
        case .address(let address, let isSearched): [address.adding(isSearched: isSearched)]
        case .route(let route): [route.adding]
        case .neighbour(let neighbour): [neighbour.adding]
        }
    }
}

extension RouteSocket {
    /// Carries out steps in order, in one send: every step is tried, also after one that failed. Throws the first error.
    public func apply(_ changes: [RouteChange]) throws(NetlinkError) {
        try socket.perform(changes.flatMap(\.messages))
    }

    /// Makes a link; throws `EEXIST` when the name is taken. Settings of a port need a name and a bridge.
    public func add(_ kind: Link.Kind, _ settings: LinkSettings) throws(NetlinkError) {
        try apply([.add(kind, settings)])
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
        try apply([.change(index, settings)])
    }

    /// Deletes a link, and the peer of a veth. Throws `ENODEV` when it is gone. Takes about 30 ms: links of a container
    /// go at no cost with their namespace.
    public func deleteLink(_ index: UInt32) throws(NetlinkError) {
        try socket.perform(.deletingLink(index))
    }
}
