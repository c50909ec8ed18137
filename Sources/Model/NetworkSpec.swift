/// What a network shall be. What is `nil` the driver chooses.
public struct NetworkSpec: Sendable, Hashable, Codable {
    public var name: NetworkName
    /// The name of a network driver; default `bridge`.
    public var driver: String
    /// At most one of each version, such as `10.89.0.0/24` and `fd00:1::/64`. On a bridge the host has the first address of
    /// each.
    public var subnets: [String]?
    /// Addresses that nobody asks for come from this part of the subnet of version 4, such as `10.89.0.128/25`; of that of
    /// version 6 in a LAN that has no other.
    public var range: String?
    /// Whether it has version 6: `nil` where the host can, `true` or else refused, `false` none.
    public var ipv6: Bool?
    /// No way out of the network, and no port into it.
    public var isInternal: Bool?
    /// In bytes, 1280 to 65535.
    public var mtu: Int?
    /// What only its driver understands.
    public var options: [String: String]
    public var labels: [String: String]

    public init(name: NetworkName, driver: String = "bridge") {
        self.name = name
        self.driver = driver
        options = [:]
        labels = [:]
    }

    enum CodingKeys: String, CodingKey {
        case name, driver, subnets, range, ipv6, mtu, options, labels
        case isInternal = "internal"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        driver = try values.decodeIfPresent(String.self, forKey: .driver) ?? "bridge"
        subnets = try values.decodeIfPresent([String].self, forKey: .subnets)
        range = try values.decodeIfPresent(String.self, forKey: .range)
        ipv6 = try values.decodeIfPresent(Bool.self, forKey: .ipv6)
        isInternal = try values.decodeIfPresent(Bool.self, forKey: .isInternal)
        mtu = try values.decodeIfPresent(Int.self, forKey: .mtu)
        options = try values.decodeIfPresent([String: String].self, forKey: .options) ?? [:]
        labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        // The schema is made by asking for keys, up to the first that is refused.
        name = try values.decode(NetworkName.self, forKey: .name)
    }
}

/// A network as it came to be.
public struct NetworkState: Sendable, Hashable, Codable {
    /// Such as `10.88.0.0/20`; empty where the driver gives no addresses.
    public var subnets: [String]
    /// The host's own addresses in them.
    public var gateways: [String]
    /// In bytes.
    public var mtu: Int?
    /// The host's link, such as `davit0`.
    public var link: String?

    public init(subnets: [String] = [], gateways: [String] = [], mtu: Int? = nil, link: String? = nil) {
        self.subnets = subnets
        self.gateways = gateways
        self.mtu = mtu
        self.link = link
    }
}
