internal import CNetlink
public import Linux

/// Rules and tracked connections of one network namespace.
public struct NetfilterSocket: Sendable {
    public let socket: NetlinkSocket

    /// In the namespace of the calling thread, or in another one.
    public init(in namespace: Descriptor? = nil) throws(NetlinkError) {
        socket = try NetlinkSocket(.netfilter, in: namespace)
    }
}

extension NetfilterSocket {
    /// Writes all of it in one transaction or, on an error, nothing. `replacing`: tables of the same names go with all
    /// they have, in the same instant; otherwise rules come behind those that are there.
    ///
    /// With a generation, throws `ERESTART` when anybody changed any rule since it was read.
    public func write(
        _ ruleset: Ruleset, replacing: Bool = true, generation: UInt32? = nil
    ) throws(NetlinkError) {
        try commit(ruleset.messages(replacing: replacing), generation: generation)
    }

    /// Adds elements, all or none. An equal one may be there; throws `EEXIST` or `EBUSY` for one with another value.
    public func add(
        _ elements: [Ruleset.Element], to map: Ruleset.Map, in table: Ruleset.TableID
    ) throws(NetlinkError) {
        try commit(map.elements(.add, elements, in: table))
    }

    /// Deletes elements by their keys, all or none. Throws `ENOENT` when one is not there.
    public func delete(
        _ elements: [Ruleset.Element], from map: Ruleset.Map, in table: Ruleset.TableID
    ) throws(NetlinkError) {
        try commit(map.elements(.delete, elements, in: table))
    }

    /// Deletes elements of several maps of a table and adds others, all or nothing, in one instant. Throws `ENOENT` when
    /// one is not there.
    ///
    /// With a generation, throws `ERESTART` when anybody changed any rule since it was read.
    public func exchange(
        _ old: [(map: Ruleset.Map, elements: [Ruleset.Element])],
        for new: [(map: Ruleset.Map, elements: [Ruleset.Element])], in table: Ruleset.TableID,
        generation: UInt32? = nil
    ) throws(NetlinkError) {
        try commit(
            old.flatMap { $0.map.elements(.delete, $0.elements, in: table) }
                + new.flatMap { $0.map.elements(.add, $0.elements, in: table) }, generation: generation)
    }

    /// Puts elements in the place of others, in one instant: nobody finds neither.
    public func replace(
        _ old: [Ruleset.Element], with new: [Ruleset.Element], in map: Ruleset.Map, _ table: Ruleset.TableID
    ) throws(NetlinkError) {
        try commit(map.elements(.delete, old, in: table) + map.elements(.add, new, in: table))
    }

    /// Deletes all elements. Idempotent.
    public func empty(_ map: Ruleset.Map, in table: Ruleset.TableID) throws(NetlinkError) {
        try commit([map.flushing(in: table)])
    }

    /// Deletes a table and all it has. Throws `ENOENT` when it is not there.
    public func delete(_ table: Ruleset.TableID) throws(NetlinkError) { try commit([table.deleting]) }

    private func commit(_ messages: [NetlinkMessage], generation: UInt32? = nil) throws(NetlinkError) {
        guard let last = messages.last else { return }
        let purpose = messages.count == 1 ? last.purpose : "writing rules"
        let begin = NetlinkMessage.batch(NFNL_MSG_BATCH_BEGIN, generation: generation, purpose: purpose)
        let end = NetlinkMessage.batch(NFNL_MSG_BATCH_END, purpose: purpose)
        // The kernel acknowledges the frame only since Linux 6.10, so that the last message is asked to be.
        try socket.commit([begin] + messages.dropLast() + [last.acknowledged, end])
    }
}

extension NetfilterSocket {
    /// The elements of a map that is ours: its types say how to read them.
    public func elements(
        of map: Ruleset.Map, in table: Ruleset.TableID
    ) throws(NetlinkError) -> [Ruleset.Element] {
        try socket.list(map.listing(in: table)).flatMap(map.elements(in:))
    }

    /// All tables, whoever made them.
    public func tables() throws(NetlinkError) -> [Ruleset.TableID] {
        let message = NetlinkMessage(NFT_MSG_GETTABLE, [], 0, "reading the tables") { _ in }
        return try socket.list(message).compactMap(Ruleset.TableID.init)
    }

    /// The names of a table's chains.
    public func chains(of table: Ruleset.TableID) throws(NetlinkError) -> [String] {
        let purpose = "reading the chains of \(table)"
        let message = NetlinkMessage(NFT_MSG_GETCHAIN, [], table.family.rawValue, purpose) { _ in }
        return try socket.list(message).compactMap { reply in
            guard let (_, attributes) = reply.parts(nfgenmsg.self), attributes.text(.chainTable) == table.name else {
                return nil
            }
            return attributes.text(.chainName)
        }
    }

    /// The chains through which the kernel sends packets, whoever made them; those of hooks that we don't know are left
    /// out.
    public func baseChains() throws(NetlinkError) -> [BaseChain] {
        let message = NetlinkMessage(NFT_MSG_GETCHAIN, [], 0, "reading the chains") { _ in }
        return try socket.list(message).compactMap(BaseChain.init)
    }

    /// How many rules each chain of a table has; chains without rules are left out.
    public func ruleCounts(of table: Ruleset.TableID) throws(NetlinkError) -> [String: Int] {
        let purpose = "reading the rules of \(table)"
        let message = NetlinkMessage(NFT_MSG_GETRULE, [], table.family.rawValue, purpose) { message in
            message.put(.ruleTable, table.name)
        }
        var counts: [String: Int] = [:]
        for reply in try socket.list(message) {
            guard let (_, attributes) = reply.parts(nfgenmsg.self), attributes.text(.ruleTable) == table.name,
                let chain = attributes.text(.ruleChain)
            else { continue }
            counts[chain, default: 0] += 1
        }
        return counts
    }

    /// The one that a transaction makes of this one. None is 0.
    public static func generation(after generation: UInt32) -> UInt32 { generation == .max ? 1 : generation + 1 }

    /// A number that every change of any rule makes another one.
    public func generation() throws(NetlinkError) -> UInt32 {
        let message = NetlinkMessage(NFT_MSG_GETGEN, [], 0, "reading the generation") { _ in }
        let reply = try socket.ask(message).first
        return reply?.parts(nfgenmsg.self)?.attributes.network(.generationID, as: UInt32.self) ?? 0
    }
}

/// A chain through which the kernel sends packets.
public struct BaseChain: Sendable, Hashable {
    public var table: Ruleset.TableID
    public var name: String
    public var hook: Ruleset.Hook
    /// What becomes of a packet that no rule decided.
    public var accepts: Bool
}

extension BaseChain {
    fileprivate init?(_ reply: NetlinkReply) {
        guard let (header, attributes) = reply.parts(nfgenmsg.self),
            let family = Ruleset.Family(rawValue: header.nfgen_family), let table = attributes.text(.chainTable),
            let name = attributes.text(.chainName),
            let number = attributes.nested(.chainHook).network(.hookNumber, as: UInt32.self),
            let hook = [Ruleset.Hook.prerouting, .input, .forward, .output, .postrouting].first(where: {
                $0.number == number && family != .netdev
            })
        else { return nil }
        self.init(
            table: Ruleset.TableID(family, table), name: name, hook: hook,
            accepts: attributes.network(.chainPolicy, as: UInt32.self) != 0)
    }
}

extension Ruleset.TableID {
    init?(_ reply: NetlinkReply) {
        guard let (header, attributes) = reply.parts(nfgenmsg.self),
            let family = Ruleset.Family(rawValue: header.nfgen_family), let name = attributes.text(.tableName)
        else { return nil }
        self.init(family, name)
    }
}
