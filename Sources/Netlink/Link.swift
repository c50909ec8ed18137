internal import CNetlink
public import Linux

/// A network interface, as the kernel tells of it.
public struct Link: Sendable, Hashable {
    public var index: UInt32
    public var name: String
    /// `veth`, `bridge` and so on; nil for hardware and the loopback.
    public var kind: String?
    public var mac: MACAddress?
    public var mtu: UInt32
    public var flags: Flags
    /// Frames pass: it is up, has a carrier, and the kernel's own work that follows the carrier is done (IF_OPER_UP).
    ///
    /// Before that a packet is dropped without a word, although the flags may say ``Flags/running`` already: the state of
    /// a new link is unknown, which counts as running. To ask for one link makes the kernel do that work at once (Linux
    /// 6.14); older ones do it in a moment.
    public var isReady: Bool
    /// The bridge that it is a port of.
    public var master: UInt32?
    /// The link below a macvlan, the peer of a veth.
    public var parent: UInt32?
    /// The kernel's number for the namespace of the parent, when that is another one.
    public var namespaceID: Int32?
    /// What it is as a port of a bridge.
    public var port: BridgePort?
    /// What somebody wrote to it (`ip link set alias`).
    public var alias: String?
    /// The number that it shares with others; 0 unless somebody gave it one.
    public var group: UInt32

    /// `IFF_*`
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let up = Flags(rawValue: 0x1)
        public static let loopback = Flags(rawValue: 0x8)
        /// It has a carrier.
        public static let running = Flags(rawValue: 0x40)
    }

    public var isUp: Bool { flags.contains(.up) }
}

extension Link {
    /// What a new link is.
    public enum Kind: Sendable {
        /// Two ends of one wire; the peer has its own settings, and may be born in another namespace. It can't be born up,
        /// for it is there before the other end: the kernel answers `ENOTCONN`.
        case veth(peer: LinkSettings)
        case bridge
        case dummy
        /// A buffer to which arrivals of another link can be sent, so that they can be shaped.
        case ifb
        /// A link with its own MAC over a parent, given by index.
        case macvlan(parent: UInt32, MACVLANMode = .bridge)
        /// A link with the parent's MAC.
        case ipvlan(parent: UInt32, IPVLANMode = .layer2)

        var name: String {
            switch self {
            case .veth: "veth"
            case .bridge: "bridge"
            case .dummy: "dummy"
            case .ifb: "ifb"
            case .macvlan: "macvlan"
            case .ipvlan: "ipvlan"
            }
        }
    }

    /// `MACVLAN_MODE_*`
    public enum MACVLANMode: UInt32, Sendable { case isolated = 1, vepa = 2, bridge = 4, passthru = 8 }
    /// `IPVLAN_MODE_*`
    public enum IPVLANMode: UInt16, Sendable { case layer2, layer3, layer3Symmetric }
}

/// What a link shall be. What is nil stays as it is, or as the kernel makes it.
public struct LinkSettings: Sendable {
    /// At most 15 bytes.
    public var name: String?
    /// The number of a new link; known ahead, it need not be asked for. The first after the loopback is 2.
    public var index: UInt32?
    public var mac: MACAddress?
    public var mtu: UInt32?
    public var isUp: Bool?
    /// The index of the bridge that it becomes a port of; 0 takes it out.
    public var master: UInt32?
    public var port: BridgePort?
    /// The network namespace where it is born or to which it goes.
    public var namespace: Descriptor?
    /// False: the kernel gives it no address of its own making when it comes up. Counts for a change, not for a birth.
    public var hasOwnAddress: Bool?
    /// A text of at most 255 bytes, for people. Counts for a change, not for a birth.
    public var alias: String?
    /// A number that rules can look at.
    public var group: UInt32?
    /// Of a bridge: frames between its ports pass the rules of the host (`br_netfilter`). Counts for a change.
    public var bridgeFilters: Bool?

    public init(
        name: String? = nil, index: UInt32? = nil, mac: MACAddress? = nil, mtu: UInt32? = nil, isUp: Bool? = nil,
        master: UInt32? = nil, port: BridgePort? = nil, namespace: Descriptor? = nil, hasOwnAddress: Bool? = nil,
        alias: String? = nil, group: UInt32? = nil, bridgeFilters: Bool? = nil
    ) {
        self.bridgeFilters = bridgeFilters
        self.index = index
        (self.name, self.mac, self.mtu, self.isUp) = (name, mac, mtu, isUp)
        (self.master, self.port, self.namespace) = (master, port, namespace)
        (self.hasOwnAddress, self.alias, self.group) = (hasOwnAddress, alias, group)
    }
}

/// How a bridge treats one of its ports (`IFLA_BRPORT_*`).
public struct BridgePort: Sendable, Hashable {
    /// A frame may leave by the port it came from: a container then reaches its own published port.
    public var hairpin: Bool?
    /// No frames from or to other isolated ports (Linux 4.18).
    public var isolated: Bool?
    public var learning: Bool?
    /// The bridge answers ARP for what is behind the port.
    public var proxyARP: Bool?
    /// The bridge answers ARP and neighbour discovery for what it knows (Linux 4.15).
    public var neighbourSuppression: Bool?

    public init(
        hairpin: Bool? = nil, isolated: Bool? = nil, learning: Bool? = nil, proxyARP: Bool? = nil,
        neighbourSuppression: Bool? = nil
    ) {
        (self.hairpin, self.isolated, self.learning) = (hairpin, isolated, learning)
        (self.proxyARP, self.neighbourSuppression) = (proxyARP, neighbourSuppression)
    }
}
