internal import CNetlink
internal import Linux

/// A connection that the kernel remembers (`nf_conntrack`).
public struct TrackedFlow: Sendable, Hashable {
    /// A packet's ends.
    public struct Tuple: Sendable, Hashable {
        public var source: IPAddress
        public var destination: IPAddress
        /// `IPPROTO_*`
        public var transport: UInt8
        /// 0 where the protocol has none.
        public var sourcePort: UInt16
        public var destinationPort: UInt16
    }

    /// The first packet, as it came.
    public var original: Tuple
    /// The answer as it is expected: its source is where the packet really went.
    public var reply: Tuple

    /// What finds the entry again: its own tuple and number, as the kernel told them.
    private let key: [UInt8]
    private let id: [UInt8]?
    private let zone: [UInt8]?
}

/// Which tracked connections are meant; what is nil does not matter.
public struct FlowFilter: Sendable, Hashable {
    public var transport: Ruleset.Transport?
    /// What the first packet had as its destination, before any translation.
    public var destination: IPAddress?
    public var destinationPort: UInt16?
    /// Where it really went, such as a container.
    public var replySource: IPAddress?

    public init(
        transport: Ruleset.Transport? = nil, destination: IPAddress? = nil, destinationPort: UInt16? = nil,
        replySource: IPAddress? = nil
    ) {
        (self.transport, self.destination) = (transport, destination)
        (self.destinationPort, self.replySource) = (destinationPort, replySource)
    }

    public func matches(_ flow: TrackedFlow) -> Bool {
        (transport == nil || transport?.rawValue == flow.original.transport)
            && (destination == nil || destination == flow.original.destination)
            && (destinationPort == nil || destinationPort == flow.original.destinationPort)
            && (replySource == nil || replySource == flow.reply.source)
    }
}

extension TrackedFlow {
    init?(_ message: NetlinkReply) {
        guard let (_, attributes) = message.parts(nfgenmsg.self), let key = attributes[.flowOriginal],
            let original = Tuple(Attributes(key)), let reply = Tuple(attributes.nested(.flowReply))
        else { return nil }
        (self.original, self.reply, self.key) = (original, reply, Array(key))
        (id, zone) = (attributes[.flowID].map(Array.init), attributes[.flowZone].map(Array.init))
    }

    var deleting: NetlinkMessage {
        let header = nfgenmsg(nfgen_family: original.source.family.number, version: 0, res_id: 0)
        let purpose = "forgetting the connection to \(original.destination) port \(original.destinationPort)"
        let type = NetlinkMessage.number(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE.rawValue)
        return NetlinkMessage(type, header: header, purpose: purpose) { message in
            message.put(Attribute(rawValue: Attribute.flowOriginal.rawValue | UInt16(NLA_F_NESTED)), key)
            if let id { message.put(.flowID, id) }
            if let zone { message.put(.flowZone, zone) }
        }
    }
}

extension TrackedFlow.Tuple {
    init?(_ attributes: Attributes) {
        let (ends, ports) = (attributes.nested(.tupleAddresses), attributes.nested(.tupleTransport))
        guard let source = ends.address(.tupleSource4) ?? ends.address(.tupleSource6),
            let destination = ends.address(.tupleDestination4) ?? ends.address(.tupleDestination6),
            let transport = ports.value(.tupleProtocol, as: UInt8.self)
        else { return nil }
        (self.source, self.destination, self.transport) = (source, destination, transport)
        sourcePort = ports.network(.tupleSourcePort, as: UInt16.self) ?? 0
        destinationPort = ports.network(.tupleDestinationPort, as: UInt16.self) ?? 0
    }
}

extension NetfilterSocket {
    /// The connections of both versions that the kernel remembers here.
    public func flows(_ filter: FlowFilter = FlowFilter()) throws(NetlinkError) -> [TrackedFlow] {
        let type = NetlinkMessage.number(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET.rawValue)
        let message = NetlinkMessage(type, header: nfgenmsg(), purpose: "reading the tracked connections")
        // The kernel's own filter knows only some of this, and only since Linux 5.8.
        return try socket.list(message).compactMap(TrackedFlow.init).filter(filter.matches)
    }

    /// Forgets connections, so that their next packet is translated by the rules there are now. Answers how many.
    /// Idempotent.
    @discardableResult
    public func forget(_ filter: FlowFilter) throws(NetlinkError) -> Int {
        try forget(where: filter.matches)
    }

    /// The same for those that are meant by any means. Reads all connections once.
    @discardableResult
    public func forget(where isMeant: (TrackedFlow) -> Bool) throws(NetlinkError) -> Int {
        let flows = try flows().filter(isMeant)
        var forgotten = 0
        for start in stride(from: 0, to: flows.count, by: 1000) {
            let part = flows[start..<min(flows.count, start + 1000)]
            for outcome in try socket.outcomes(of: part.map(\.deleting)) {
                // ENOENT: it ended by itself in between.
                if let outcome, outcome.code != .noSuchFile { throw outcome }
                if outcome == nil { forgotten += 1 }
            }
        }
        return forgotten
    }
}
