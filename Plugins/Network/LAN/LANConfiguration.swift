/// What the drivers `macvlan` and `ipvlan` can be told; every key has a default.
public struct LANConfiguration: Sendable, Codable {
    /// Where the host's resolv.conf is; default /etc/resolv.conf.
    public var resolvConf = "/etc/resolv.conf"

    public init() {}

    enum CodingKeys: String, CodingKey { case resolvConf = "resolv_conf" }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        resolvConf = try values.decodeIfPresent(String.self, forKey: .resolvConf) ?? resolvConf
    }
}
