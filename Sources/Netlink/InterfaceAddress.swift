internal import CNetlink
internal import Linux

/// An address of a link.
public struct InterfaceAddress: Sendable, Hashable {
    /// The address with the length of its network: `10.88.0.1/16`.
    public var prefix: IPPrefix
    /// The index of the link.
    public var link: UInt32
    public var scope: RouteScope

    public init(_ prefix: IPPrefix, link: UInt32, scope: RouteScope = .everywhere) {
        (self.prefix, self.link, self.scope) = (prefix, link, scope)
    }
}

/// How far something is known (`RT_SCOPE_*`).
public enum RouteScope: UInt8, Sendable {
    case everywhere = 0
    case site = 200
    /// Only on the link itself.
    case link = 253
    case host = 254
    case nowhere = 255
}

extension InterfaceAddress {
    init?(_ reply: NetlinkReply) {
        guard let (header, attributes) = reply.parts(ifaddrmsg.self),
            let address = attributes.address(.localAddress) ?? attributes.address(.address),
            let prefix = IPPrefix(address, length: Int(header.ifa_prefixlen)),
            let scope = RouteScope(rawValue: header.ifa_scope)
        else { return nil }
        self.init(prefix, link: header.ifa_index, scope: scope)
    }

    var adding: NetlinkMessage { adding(isSearched: false) }

    func adding(isSearched: Bool) -> NetlinkMessage {
        message(RTM_NEWADDR, [.create, .exclusive], "adding", isSearched: isSearched)
    }

    func message(
        _ type: Int, _ flags: NetlinkMessage.Flags, _ verb: String, isSearched: Bool = false
    ) -> NetlinkMessage {
        let header = ifaddrmsg(
            ifa_family: prefix.family.number, ifa_prefixlen: UInt8(prefix.length), ifa_flags: 0,
            ifa_scope: scope.rawValue, ifa_index: link)
        let purpose = "\(verb) the address \(prefix) of link \(link)"
        return NetlinkMessage(UInt16(type), flags, header: header, purpose: purpose) { message in
            message.put(.localAddress, prefix.address)
            message.put(.address, prefix.address)
            // Where nobody else can have it; without this it is of no use for a second.
            if prefix.family == .v6, type == RTM_NEWADDR {
                message.put(.addressFlags, value: UInt32(isSearched ? IFA_F_OPTIMISTIC : IFA_F_NODAD))
            }
        }
    }
}

extension RouteSocket {
    /// Gives a link an address, of version 6 without the search for a second owner. Throws `EEXIST`.
    public func add(_ address: InterfaceAddress) throws(NetlinkError) {
        try apply([.address(address)])
    }

    /// Throws `EADDRNOTAVAIL` when the link does not have it.
    public func delete(_ address: InterfaceAddress) throws(NetlinkError) {
        try socket.perform(address.message(RTM_DELADDR, [], "deleting"))
    }

    /// The multicast groups of version 6 that a link hears (`RTM_GETMULTICAST`).
    ///
    /// An address of version 6 is found by one of them, ``IPAddress/searchGroup``, which the kernel joins a moment after
    /// the address is there. Until then whoever searches for it gets no answer, and tries again a second later.
    public func groups6(of link: UInt32) throws(NetlinkError) -> [IPAddress] {
        var header = ifaddrmsg()
        header.ifa_family = IPAddress.Family.v6.number
        header.ifa_index = link
        let message = NetlinkMessage(UInt16(RTM_GETMULTICAST), header: header, purpose: "reading the multicast groups")
        return try socket.list(message).compactMap { reply in
            guard let (header, attributes) = reply.parts(ifaddrmsg.self), header.ifa_index == link else { return nil }
            return attributes.address(.multicast)
        }
    }

    /// Whether a link is ready, and each of its addresses can be found by others.
    public func isFound(_ link: UInt32) throws(NetlinkError) -> Bool {
        guard try self.link(link)?.isReady == true else { return false }
        return try hearsSearches(link)
    }

    /// Whether a link hears who searches for its addresses of version 6.
    public func hearsSearches(_ link: UInt32) throws(NetlinkError) -> Bool {
        let addresses = try addresses(of: link).filter { $0.link == link && $0.prefix.family == .v6 }
        guard !addresses.isEmpty else { return true }
        let groups = Set(try groups6(of: link))
        return addresses.allSatisfy { $0.prefix.address.searchGroup.map(groups.contains) ?? true }
    }

    /// The addresses of all links, or of one.
    public func addresses(of link: UInt32? = nil) throws(NetlinkError) -> [InterfaceAddress] {
        var header = ifaddrmsg()
        header.ifa_index = link ?? 0
        let message = NetlinkMessage(UInt16(RTM_GETADDR), header: header, purpose: "reading the addresses")
        do { return try socket.list(message).compactMap(InterfaceAddress.init) } catch {
            guard error.code == .noDevice else { throw error }
            return []
        }
    }
}
