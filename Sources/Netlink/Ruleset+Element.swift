internal import CNetlink

extension Ruleset.Map {
    enum Change { case add, delete }

    /// How many elements a message has: with keys and values of 20 bytes each it stays below the 64 KiB of a list.
    private static let elementsPerMessage = 400

    func elements(_ change: Change, _ elements: [Ruleset.Element], in table: Ruleset.TableID) -> [NetlinkMessage] {
        stride(from: 0, to: elements.count, by: Self.elementsPerMessage).map { start in
            message(change, elements[start..<min(elements.count, start + Self.elementsPerMessage)], in: table)
        }
    }

    private func message(
        _ change: Change, _ elements: ArraySlice<Ruleset.Element>, in table: Ruleset.TableID
    ) -> NetlinkMessage {
        let (type, verb) = change == .add ? (NFT_MSG_NEWSETELEM, "adding") : (NFT_MSG_DELSETELEM, "deleting")
        let purpose = "\(verb) \(elements.count) elements of \(table) \(name)"
        return NetlinkMessage(type, change == .add ? .create : [], table.family.rawValue, purpose) { message in
            message.put(.elementsTable, table.name)
            message.put(.elementsSet, name)
            message.nest(.elements) { list in
                for element in elements { put(element, in: &list) }
            }
        }
    }

    private func put(_ element: Ruleset.Element, in list: inout NetlinkMessage) {
        let last = element.last ?? (hasIntervals ? element.key : nil)
        list.nest(.listElement) { item in
            item.nest(.elementKey) { $0.put(.dataValue, element.key.flatMap(\.bytes)) }
            if let last, key.count > 1 { item.nest(.elementKeyEnd) { $0.put(.dataValue, last.flatMap(\.bytes)) } }
            item.put(element.value)
        }
        // A range of a single key is two elements: where it begins, and where it is over. None for one up to the end.
        guard let last, key.count == 1, let end = last.flatMap(\.bytes).successor else { return }
        list.nest(.listElement) { item in
            item.put(.elementFlags, network: NFT_SET_ELEM_INTERVAL_END.rawValue)
            item.nest(.elementKey) { $0.put(.dataValue, end) }
        }
    }

    /// All elements: a request without any.
    func flushing(in table: Ruleset.TableID) -> NetlinkMessage {
        let purpose = "emptying \(table) \(name)"
        return NetlinkMessage(NFT_MSG_DELSETELEM, [], table.family.rawValue, purpose) { message in
            message.put(.elementsTable, table.name)
            message.put(.elementsSet, name)
        }
    }

    func listing(in table: Ruleset.TableID) -> NetlinkMessage {
        let purpose = "reading \(table) \(name)"
        return NetlinkMessage(NFT_MSG_GETSETELEM, [], table.family.rawValue, purpose) { message in
            message.put(.elementsTable, table.name)
            message.put(.elementsSet, name)
        }
    }

    /// The elements in an answer. Ends of ranges of single keys are left out.
    func elements(in reply: NetlinkReply) -> [Ruleset.Element] {
        guard let (_, attributes) = reply.parts(nfgenmsg.self) else { return [] }
        return attributes.nested(.elements).compactMap { element(Attributes($0.content)) }
    }

    private func element(_ attributes: Attributes) -> Ruleset.Element? {
        let flags = attributes.network(.elementFlags, as: UInt32.self) ?? 0
        guard flags & NFT_SET_ELEM_INTERVAL_END.rawValue == 0,
            let bytes = attributes.nested(.elementKey)[.dataValue], let fields = Ruleset.Field.fields(key, bytes)
        else { return nil }
        let last = attributes.nested(.elementKeyEnd)[.dataValue].flatMap { Ruleset.Field.fields(key, $0) }
        return Ruleset.Element(fields, through: last, value(attributes.nested(.elementData)))
    }

    private func value(_ data: Attributes) -> Ruleset.Element.Value {
        switch value {
        case .none: return .none
        case .fields(let types):
            return data[.dataValue].flatMap { Ruleset.Field.fields(types, $0) }.map { .fields($0) } ?? .none
        case .verdict:
            let verdict = data.nested(.dataVerdict)
            let code = verdict.network(.verdictCode, as: Int32.self)
            return code.flatMap { Ruleset.Verdict(code: $0, chain: verdict.text(.verdictChain)) }
                .map { .verdict($0) } ?? .none
        }
    }
}

extension NetlinkMessage {
    fileprivate mutating func put(_ value: Ruleset.Element.Value) {
        switch value {
        case .none: break
        case .fields(let fields): nest(.elementData) { $0.put(.dataValue, fields.flatMap(\.bytes)) }
        case .verdict(let verdict): nest(.elementData) { $0.put(verdict) }
        }
    }
}

extension [UInt8] {
    /// The next number of as many bytes, in the network's order; nil behind the greatest.
    fileprivate var successor: [UInt8]? {
        var next = self
        for index in indices.reversed() {
            next[index] &+= 1
            if next[index] != 0 { return next }
        }
        return nil
    }
}
