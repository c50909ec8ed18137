/// What the bridge driver can be told; every key has a default.
public struct BridgeConfiguration: Sendable, Codable {
    /// The default network's bridge, at most 15 letters, digits and `_.-`.
    public var bridge = "davit0"
    /// The default network of version 4, such as `10.88.0.0/20`; default: the first /20 of the supernet that is free.
    public var subnet: String?
    /// The default network of version 6, such as `fd00:1::/64`, or `off`; default: a unique local /64 made from
    /// /etc/machine-id.
    public var subnet6: String?
    /// Networks that nobody chose come from here; default `10.88.0.0/14`.
    public var supernet: String?
    /// How long the prefix is of a network that is made without a subnet; default 24.
    public var subnetLength: Int?
    /// In bytes, 1280 to 65535, of networks that say nothing else; default: that of the link of the host's default route.
    public var mtu: Int?
    /// Where ports are published that name no address: `all` (default), `loopback`, or one of the host's addresses.
    public var publishAddress: String?
    /// How many namespaces lie ready for each network in use; default 4, at most 256.
    public var pool: Int?
    /// The default network has no way out, and no port into it.
    public var isolated: Bool?
    /// What unique local addresses of version 6 send to the world gets an address of the host's, on networks that say
    /// nothing else; default false: it is refused.
    public var nat66: Bool?
    /// Where the host's resolv.conf is; default /etc/resolv.conf.
    public var resolvConf: String?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case bridge, subnet, subnet6, supernet, mtu, pool, isolated, nat66
        case subnetLength = "subnet_length"
        case publishAddress = "publish_address"
        case resolvConf = "resolv_conf"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        bridge = try values.decodeIfPresent(String.self, forKey: .bridge) ?? bridge
        subnet = try values.decodeIfPresent(String.self, forKey: .subnet)
        subnet6 = try values.decodeIfPresent(String.self, forKey: .subnet6)
        supernet = try values.decodeIfPresent(String.self, forKey: .supernet)
        subnetLength = try values.decodeIfPresent(Int.self, forKey: .subnetLength)
        mtu = try values.decodeIfPresent(Int.self, forKey: .mtu)
        publishAddress = try values.decodeIfPresent(String.self, forKey: .publishAddress)
        pool = try values.decodeIfPresent(Int.self, forKey: .pool)
        isolated = try values.decodeIfPresent(Bool.self, forKey: .isolated)
        nat66 = try values.decodeIfPresent(Bool.self, forKey: .nat66)
        resolvConf = try values.decodeIfPresent(String.self, forKey: .resolvConf)
    }
}
