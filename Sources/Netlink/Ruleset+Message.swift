internal import CNetlink

extension Ruleset {
    /// The messages of one transaction, in the order in which each finds what it names: maps and chains before elements,
    /// which may jump to chains, and rules last.
    func messages(replacing: Bool) -> [NetlinkMessage] {
        tables.flatMap { $0.messages(replacing: replacing) }
    }
}

extension Ruleset.Table {
    fileprivate func messages(replacing: Bool) -> [NetlinkMessage] {
        // Deleting wants a table that is there, so that it is made first.
        var messages = replacing ? [id.adding, id.deleting, id.adding] : [id.adding]
        messages += chains.map { $0.adding(to: id) }
        messages += maps.enumerated().map { number, map in map.adding(to: id, number: UInt32(number + 1)) }
        messages += maps.flatMap { $0.elements(.add, $0.elements, in: id) }
        messages += chains.flatMap { chain in chain.rules.map { $0.adding(to: chain.name, id) } }
        return messages
    }
}

extension NetlinkMessage {
    /// A message of nftables; `struct nfgenmsg`: the family, version 0, nothing.
    init(
        _ type: nf_tables_msg_types, _ flags: Flags = [], _ family: UInt8, _ purpose: String,
        _ fill: (inout NetlinkMessage) -> Void
    ) {
        self.init(
            Self.number(NFNL_SUBSYS_NFTABLES, type.rawValue), flags,
            header: nfgenmsg(nfgen_family: family, version: 0, res_id: 0), purpose: purpose, fill)
    }

    /// The upper byte is the part of netfilter.
    static func number(_ part: Int32, _ type: UInt32) -> UInt16 { UInt16(part << 8) | UInt16(type) }

    /// The frame of a transaction.
    static func batch(_ type: Int32, generation: UInt32? = nil, purpose: String) -> NetlinkMessage {
        let header = nfgenmsg(nfgen_family: 0, version: 0, res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian)
        return NetlinkMessage(UInt16(type), header: header, purpose: purpose) { message in
            if let generation { message.put(.generation, network: generation) }
        }
    }
}

extension Ruleset.TableID {
    var adding: NetlinkMessage {
        NetlinkMessage(NFT_MSG_NEWTABLE, .create, family.rawValue, "adding the table \(self)") { message in
            message.put(.tableName, name)
        }
    }

    var deleting: NetlinkMessage {
        NetlinkMessage(NFT_MSG_DELTABLE, [], family.rawValue, "deleting the table \(self)") { message in
            message.put(.tableName, name)
        }
    }
}

extension Ruleset.Chain {
    func adding(to table: Ruleset.TableID) -> NetlinkMessage {
        let purpose = "adding the chain \(table) \(name)"
        return NetlinkMessage(NFT_MSG_NEWCHAIN, .create, table.family.rawValue, purpose) { message in
            message.put(.chainTable, table.name)
            message.put(.chainName, name)
            if let base { base.put(in: &message) }
        }
    }
}

extension Ruleset.Base {
    fileprivate func put(in message: inout NetlinkMessage) {
        message.nest(.chainHook) { data in
            data.put(.hookNumber, network: hook.number)
            data.put(.hookPriority, network: priority)
            if let device { data.put(.hookDevice, device) }
        }
        message.put(.chainPolicy, network: UInt32(accepts ? 1 : 0))
        message.put(.chainType, kind.rawValue)
    }
}

extension Ruleset.Rule {
    func adding(to chain: String, _ table: Ruleset.TableID) -> NetlinkMessage {
        let purpose = "adding the rule \"\(self)\" to \(table) \(chain)"
        return NetlinkMessage(NFT_MSG_NEWRULE, [.create, .append], table.family.rawValue, purpose) { message in
            message.put(.ruleTable, table.name)
            message.put(.ruleChain, chain)
            message.nest(.ruleExpressions) { list in
                for expression in expressions { list.put(expression) }
            }
        }
    }
}

extension NetlinkMessage {
    fileprivate mutating func put(_ expression: Expression) {
        nest(.listElement) { element in
            element.put(.expressionName, expression.name)
            element.nest(.expressionData) { expression.put(in: &$0) }
        }
    }
}

extension Ruleset.Map {
    /// `NFT_SET_*`
    private var flags: UInt32 {
        var flags: UInt32 = 0
        if value != .none { flags |= NFT_SET_MAP.rawValue }
        if hasIntervals { flags |= NFT_SET_INTERVAL.rawValue }
        if hasIntervals, key.count > 1 { flags |= NFT_SET_CONCAT.rawValue }
        return flags
    }

    /// `number` tells the maps of a transaction apart.
    func adding(to table: Ruleset.TableID, number: UInt32) -> NetlinkMessage {
        let purpose = "adding the map \(table) \(name)"
        return NetlinkMessage(NFT_MSG_NEWSET, .create, table.family.rawValue, purpose) { message in
            message.put(.setTable, table.name)
            message.put(.setName, name)
            message.put(.setFlags, network: flags)
            message.put(.setKeyType, network: key.typeNumber)
            message.put(.setKeyLength, network: key.paddedSize)
            message.put(.setID, network: number)
            putValue(in: &message)
            if hasIntervals, key.count > 1 { putConcatenation(in: &message) }
        }
    }

    private func putValue(in message: inout NetlinkMessage) {
        switch value {
        case .none: break
        case .fields(let types):
            message.put(.setDataType, network: types.typeNumber)
            message.put(.setDataLength, network: types.paddedSize)
        case .verdict: message.put(.setDataType, network: NFT_DATA_VERDICT.rawValue)
        }
    }

    /// Ranges of concatenated keys are compared field by field.
    private func putConcatenation(in message: inout NetlinkMessage) {
        message.nest(.setDescription) { description in
            description.nest(.setConcatenation) { list in
                for type in key {
                    list.nest(.listElement) { $0.put(.setFieldLength, network: UInt32(type.size)) }
                }
            }
        }
    }
}

extension [Ruleset.FieldType] {
    /// `nft` puts the types of a concatenation side by side, six bits each (TYPE_BITS of its sources).
    fileprivate var typeNumber: UInt32 { reduce(0) { $0 << 6 | $1.rawValue } }
    fileprivate var paddedSize: UInt32 { UInt32(reduce(0) { $0 + $1.paddedSize }) }
}
