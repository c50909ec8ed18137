internal import CNetlink

/// A way to a network, in the main table unless it is a local one.
public struct Route: Sendable, Hashable {
    public var destination: IPPrefix
    /// Nil when the destination is on the link itself. Its family may differ from the destination's (Linux 5.2).
    public var gateway: IPAddress?
    /// The index of the link.
    public var link: UInt32?
    public var scope: RouteScope
    /// The gateway is on the link although no address of the link says so.
    public var isOnLink: Bool
    /// The address that own packets get.
    public var source: IPAddress?
    /// The smaller one wins; nil is the kernel's choice.
    public var priority: UInt32?
    public var kind: Kind

    /// `RTN_*`
    public enum Kind: Sendable, Hashable {
        case unicast
        /// What goes there is refused by the host; no link leads there.
        case unreachable
        /// What comes by the link is for the host itself. In the table `local`.
        case local
    }

    public init(
        to destination: IPPrefix, via gateway: IPAddress? = nil, link: UInt32? = nil, scope: RouteScope? = nil,
        isOnLink: Bool = false, source: IPAddress? = nil, priority: UInt32? = nil, kind: Kind = .unicast
    ) {
        self.kind = kind
        (self.destination, self.gateway, self.link) = (destination.network, gateway, link)
        // Version 6 knows no scopes; version 4 wants it for a destination without a gateway.
        let isDirect = gateway == nil && kind == .unicast
        self.scope = scope ?? (isDirect && destination.family == .v4 ? .link : .everywhere)
        (self.isOnLink, self.source, self.priority) = (isOnLink, source, priority)
    }
}

extension Route {
    init?(_ reply: NetlinkReply) {
        guard let (header, attributes) = reply.parts(rtmsg.self), header.rtm_table == UInt8(RT_TABLE_MAIN.rawValue),
            let family = IPAddress.Family(number: header.rtm_family), header.rtm_type == UInt8(RTN_UNICAST),
            let destination = IPPrefix(
                attributes.address(.destination) ?? .any(family), length: Int(header.rtm_dst_len))
        else { return nil }
        self.init(
            to: destination,
            via: attributes.address(.gateway) ?? attributes[.via].flatMap { IPAddress(bytes: $0.dropFirst(2)) },
            link: attributes.value(.outLink, as: UInt32.self), scope: RouteScope(rawValue: header.rtm_scope),
            isOnLink: header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0, source: attributes.address(.preferredSource),
            priority: attributes.value(.priority, as: UInt32.self))
    }

    private var header: rtmsg {
        var header = rtmsg()
        header.rtm_family = destination.family.number
        header.rtm_dst_len = UInt8(destination.length)
        header.rtm_table = UInt8((kind == .local ? RT_TABLE_LOCAL : RT_TABLE_MAIN).rawValue)
        header.rtm_protocol = UInt8(RTPROT_STATIC)
        header.rtm_scope = scope.rawValue
        header.rtm_type = UInt8(kind.number)
        header.rtm_flags = isOnLink ? UInt32(RTNH_F_ONLINK) : 0
        return header
    }

    var adding: NetlinkMessage { message(RTM_NEWROUTE, [.create, .exclusive], "adding") }

    func message(_ type: Int, _ flags: NetlinkMessage.Flags, _ verb: String) -> NetlinkMessage {
        let purpose = "\(verb) the route to \(destination)"
        return NetlinkMessage(UInt16(type), flags, header: header, purpose: purpose) { message in
            if destination.length > 0 { message.put(.destination, destination.address) }
            if let gateway { message.put(gateway, to: destination.family) }
            if let link { message.put(.outLink, value: link) }
            if let source { message.put(.preferredSource, source) }
            if let priority { message.put(.priority, value: priority) }
        }
    }
}

extension Route.Kind {
    fileprivate var number: Int {
        switch self {
        case .unicast: RTN_UNICAST
        case .unreachable: RTN_UNREACHABLE
        case .local: RTN_LOCAL
        }
    }
}

extension NetlinkMessage {
    /// A gateway of another family is `struct rtvia`: the family, the address.
    fileprivate mutating func put(_ gateway: IPAddress, to family: IPAddress.Family) {
        guard gateway.family != family else { return put(.gateway, gateway) }
        // The family is in the machine's order.
        let number = UInt16(gateway.family.number)
        put(
            .via,
            [UInt8(truncatingIfNeeded: number.littleEndian), UInt8(truncatingIfNeeded: number.littleEndian >> 8)]
                + gateway.bytes)
    }
}

extension RouteSocket {
    /// Throws `EEXIST` when there is one to the same network with the same priority.
    public func add(_ route: Route) throws(NetlinkError) {
        try apply([.route(route)])
    }

    /// Puts a route in the place of one to the same network. Idempotent.
    public func replace(_ route: Route) throws(NetlinkError) {
        try socket.perform(route.message(RTM_NEWROUTE, [.create, .replace], "replacing"))
    }

    /// Throws `ESRCH` when there is none.
    public func delete(_ route: Route) throws(NetlinkError) {
        try socket.perform(route.message(RTM_DELROUTE, [], "deleting"))
    }

    /// The main table of a family, without the unreachable ones.
    public func routes(_ family: IPAddress.Family) throws(NetlinkError) -> [Route] {
        var header = rtmsg()
        header.rtm_family = family.number
        let message = NetlinkMessage(UInt16(RTM_GETROUTE), header: header, purpose: "reading the routes")
        return try socket.list(message).compactMap(Route.init)
    }
}
