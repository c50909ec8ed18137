internal import CNetlink
internal import Linux

extension Link {
    init?(_ reply: NetlinkReply) {
        guard let (header, attributes) = reply.parts(ifinfomsg.self), let name = attributes.text(.linkName) else {
            return nil
        }
        let info = attributes.nested(.linkInfo)
        index = UInt32(bitPattern: header.ifi_index)
        self.name = name
        kind = info.text(.kind)
        mac = attributes[.linkAddress].flatMap { MACAddress(bytes: $0) }
        mtu = attributes.value(.linkMTU, as: UInt32.self) ?? 0
        flags = Flags(rawValue: header.ifi_flags)
        // IF_OPER_UP of <linux/if.h>
        isReady = attributes.value(.linkOperationalState, as: UInt8.self) == 6
        master = attributes.value(.linkMaster, as: UInt32.self)
        parent = attributes.value(.linkParent, as: UInt32.self)
        namespaceID = attributes.value(.linkNamespaceID, as: Int32.self)
        alias = attributes.text(.linkAlias)
        group = attributes.value(.linkGroup, as: UInt32.self) ?? 0
        port = info.text(.portKind) == "bridge" ? BridgePort(info.nested(.portData)) : nil
    }
}

extension BridgePort {
    fileprivate init(_ attributes: Attributes) {
        let bit = { (attribute: Attribute) in attributes.value(attribute, as: UInt8.self).map { $0 != 0 } }
        self.init(
            hairpin: bit(.portHairpin), isolated: bit(.portIsolated), learning: bit(.portLearning),
            proxyARP: bit(.portProxyARP), neighbourSuppression: bit(.portSuppression))
    }

    fileprivate func put(in message: inout NetlinkMessage) {
        let bits: [(Attribute, Bool?)] = [
            (.portHairpin, hairpin), (.portIsolated, isolated), (.portLearning, learning), (.portProxyARP, proxyARP),
            (.portSuppression, neighbourSuppression),
        ]
        for case (let attribute, let bit?) in bits { message.put(attribute, value: UInt8(bit ? 1 : 0)) }
    }
}

extension LinkSettings {
    /// The header of a link's message, with the flags that change.
    fileprivate func header(index changed: UInt32? = nil) -> ifinfomsg {
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: changed ?? index ?? 0)
        if let isUp {
            header.ifi_change = Link.Flags.up.rawValue
            header.ifi_flags = isUp ? Link.Flags.up.rawValue : 0
        }
        return header
    }

    fileprivate func put(in message: inout NetlinkMessage) {
        if let name { message.put(.linkName, name) }
        if let mac { message.put(.linkAddress, mac.bytes) }
        if let mtu { message.put(.linkMTU, value: mtu) }
        if let alias { message.put(.linkAlias, alias) }
        if let group { message.put(.linkGroup, value: group) }
        if let master { message.put(.linkMaster, value: master) }
        if let namespace { message.put(.linkNamespace, value: namespace.rawValue) }
    }

    /// Says what a port shall be. The bridge is asked only when the link is known to be its port.
    fileprivate func putPort(in message: inout NetlinkMessage) {
        guard let port else { return }
        message.nest(.linkInfo) { info in
            info.put(.portKind, "bridge")
            info.nest(.portData) { port.put(in: &$0) }
        }
    }
}

extension Link.Kind {
    /// Makes a link and all that belongs to it. The settings of a port come in a message of their own that goes in the
    /// same send: the kernel takes them only for a link that is a port already (as of Linux 6.18).
    func adding(_ settings: LinkSettings) -> [NetlinkMessage] {
        let name = "the \(name) \"\(settings.name ?? "")\""
        let born = NetlinkMessage(
            UInt16(RTM_NEWLINK), [.create, .exclusive], header: settings.header(), purpose: "adding \(name)"
        ) { message in
            settings.put(in: &message)
            message.putParent(of: self)
            message.nest(.linkInfo) { info in
                info.put(.kind, self.name)
                info.putData(of: self)
            }
        }
        guard settings.port != nil else { return [born] }
        let port = LinkSettings(name: settings.name, port: settings.port)
        return [born, .changing(0, port, purpose: "setting the bridge port of \(name)")]
    }
}

extension NetlinkMessage {
    static func changing(_ index: UInt32, _ settings: LinkSettings, purpose: String) -> NetlinkMessage {
        NetlinkMessage(UInt16(RTM_NEWLINK), header: settings.header(index: index), purpose: purpose) { message in
            settings.put(in: &message)
            settings.putPort(in: &message)
            if let filters = settings.bridgeFilters { message.putBridgeFilters(filters) }
            if let own = settings.hasOwnAddress { message.putAddressGeneration(own) }
        }
    }

    private mutating func putBridgeFilters(_ filters: Bool) {
        nest(.linkInfo) { info in
            info.put(.kind, "bridge")
            info.nest(.data) { data in
                for attribute in [Attribute.bridgeFilters4, .bridgeFilters6] {
                    data.put(attribute, value: UInt8(filters ? 1 : 0))
                }
            }
        }
    }

    /// IN6_ADDR_GEN_MODE_EUI64 or IN6_ADDR_GEN_MODE_NONE, for AF_INET6.
    fileprivate mutating func putAddressGeneration(_ own: Bool) {
        nest(.linkFamilies) { families in
            families.nest(Attribute(rawValue: UInt16(IPAddress.Family.v6.number))) { inner in
                inner.put(.linkAddressGeneration, value: UInt8(own ? 0 : 1))
            }
        }
    }

    fileprivate mutating func putParent(of kind: Link.Kind) {
        switch kind {
        case .macvlan(let parent, _), .ipvlan(let parent, _): put(.linkParent, value: parent)
        case .veth, .bridge, .dummy, .ifb: break
        }
    }

    fileprivate mutating func putData(of kind: Link.Kind) {
        switch kind {
        case .veth(let peer):
            nest(.data) { data in
                data.nest(.peer) { message in
                    message.append(peer.header())
                    peer.put(in: &message)
                }
            }
        case .macvlan(_, let mode): nest(.data) { $0.put(.macvlanMode, value: mode.rawValue) }
        case .ipvlan(_, let mode): nest(.data) { $0.put(.ipvlanMode, value: mode.rawValue) }
        case .bridge, .dummy, .ifb: break
        }
    }

    static func deletingLink(_ index: UInt32) -> NetlinkMessage {
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: index)
        return NetlinkMessage(UInt16(RTM_DELLINK), header: header, purpose: "deleting link \(index)")
    }

    static func gettingLink(index: UInt32 = 0, name: String? = nil) -> NetlinkMessage {
        var header = ifinfomsg()
        header.ifi_index = Int32(bitPattern: index)
        let which = name.map { "the link \"\($0)\"" } ?? (index == 0 ? "the links" : "link \(index)")
        return NetlinkMessage(UInt16(RTM_GETLINK), header: header, purpose: "reading \(which)") { message in
            if let name { message.put(.linkName, name) }
            // Counters are left out: they cost more than all the rest.
            message.put(.linkMask, value: UInt32(RTEXT_FILTER_SKIP_STATS))
        }
    }
}
