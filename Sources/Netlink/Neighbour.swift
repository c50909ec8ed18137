internal import CNetlink

/// Which link address has an IP address on a link.
public struct Neighbour: Sendable, Hashable {
    public var address: IPAddress
    public var mac: MACAddress
    /// The index of the link.
    public var link: UInt32

    public init(_ address: IPAddress, _ mac: MACAddress, link: UInt32) {
        (self.address, self.mac, self.link) = (address, mac, link)
    }
}

extension Neighbour {
    init?(_ reply: NetlinkReply) {
        guard let (header, attributes) = reply.parts(ndmsg.self), let address = attributes.address(.neighbour),
            let mac = attributes[.neighbourLink].flatMap({ MACAddress(bytes: $0) })
        else { return nil }
        self.init(address, mac, link: UInt32(bitPattern: header.ndm_ifindex))
    }

    var adding: NetlinkMessage { message(RTM_NEWNEIGH, [.create, .replace], "adding") }

    func message(_ type: Int, _ flags: NetlinkMessage.Flags, _ verb: String) -> NetlinkMessage {
        var header = ndmsg()
        header.ndm_family = address.family.number
        header.ndm_ifindex = Int32(bitPattern: link)
        header.ndm_state = UInt16(NUD_PERMANENT)
        let purpose = "\(verb) the neighbour \(address) of link \(link)"
        return NetlinkMessage(UInt16(type), flags, header: header, purpose: purpose) { message in
            message.put(.neighbour, address)
            message.put(.neighbourLink, mac.bytes)
        }
    }
}

extension RouteSocket {
    /// Makes a lasting entry, in the place of another. Idempotent.
    public func add(_ neighbour: Neighbour) throws(NetlinkError) {
        try apply([.neighbour(neighbour)])
    }

    /// Throws `ENOENT` when there is none.
    public func delete(_ neighbour: Neighbour) throws(NetlinkError) {
        try socket.perform(neighbour.message(RTM_DELNEIGH, [], "deleting"))
    }

    /// The entries that have a link address.
    public func neighbours() throws(NetlinkError) -> [Neighbour] {
        let message = NetlinkMessage(UInt16(RTM_GETNEIGH), header: ndmsg(), purpose: "reading the neighbours")
        return try socket.list(message).compactMap(Neighbour.init)
    }
}
