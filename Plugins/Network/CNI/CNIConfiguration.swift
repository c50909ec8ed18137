/// What the CNI driver can be told; every key has a default.
public struct CNIConfiguration: Sendable, Codable {
    /// Where configuration lists are, absolute; default `/etc/cni/net.d`.
    public var confDirs = ["/etc/cni/net.d"]
    /// Where plugins are, absolute, the first that has one wins; default `/usr/lib/cni`, `/opt/cni/bin`.
    public var binDirs = ["/usr/lib/cni", "/opt/cni/bin"]
    /// Seconds that one plugin may take before it is killed, 1 to 600; default 25, so that an error still names the plugin
    /// before the agent gives up the whole call (`deadline_ms`, 30 seconds).
    public var timeout = 25
    /// Where the host's resolv.conf is, for lists that name no servers; default `/etc/resolv.conf`.
    public var resolvConf = "/etc/resolv.conf"

    public init() {}

    enum CodingKeys: String, CodingKey {
        case timeout
        case confDirs = "conf_dirs"
        case binDirs = "bin_dirs"
        case resolvConf = "resolv_conf"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        confDirs = try values.decodeIfPresent([String].self, forKey: .confDirs) ?? confDirs
        binDirs = try values.decodeIfPresent([String].self, forKey: .binDirs) ?? binDirs
        timeout = try values.decodeIfPresent(Int.self, forKey: .timeout) ?? timeout
        resolvConf = try values.decodeIfPresent(String.self, forKey: .resolvConf) ?? resolvConf
    }
}
