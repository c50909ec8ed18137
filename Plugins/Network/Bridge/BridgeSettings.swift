import Model
import Netlink

/// The configuration, read: nothing in it can be wrong any more but for what the host says to it.
struct BridgeSettings: Sendable {
    enum Subnet6: Sendable, Hashable {
        case none, derived
        case given(IPPrefix)
    }

    /// Where a port is published that names no address.
    enum DefaultPlace: Sendable, Hashable {
        case everywhere, loopback
        case address(IPAddress)
    }

    let bridge: String
    let subnet: IPPrefix?
    let subnet6: Subnet6
    let mtu: UInt32?
    let publish: DefaultPlace
    let pool: Int
    let isIsolated: Bool
    let resolvConf: String

    /// Throws `config.invalid`.
    init(_ configuration: BridgeConfiguration) throws(AgentError) {
        bridge = try Self.name(configuration.bridge)
        subnet = try Self.subnet(configuration.subnet)
        subnet6 = try Self.subnet6(configuration.subnet6)
        mtu = try Self.number(configuration.mtu, "mtu", in: 1280...65535).map { UInt32($0) }
        publish = try Self.place(configuration.publishAddress ?? "all")
        pool = try Self.number(configuration.pool, "pool", in: 0...256) ?? 4
        isIsolated = configuration.isolated ?? false
        resolvConf = configuration.resolvConf ?? "/etc/resolv.conf"
    }

    /// What is a link's name and safe as a part of a path and in a rule.
    private static func name(_ name: String) throws(AgentError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...15).contains(name.utf8.count), name != ".", name != "..", name != "all", name != "default"
        else { throw invalid("bridge \"\(name)\" must be 1 to 15 letters, digits and _.-") }
        return name
    }

    private static func subnet(_ text: String?) throws(AgentError) -> IPPrefix? {
        guard let text else { return nil }
        guard let prefix = IPPrefix(text), prefix.family == .v4, prefix.network == prefix,
            (8...29).contains(prefix.length), !prefix.address.isLoopback, !prefix.address.isMulticast
        else { throw invalid("subnet \"\(text)\" must be a network of version 4 from /8 to /29, such as 10.88.0.0/20") }
        return prefix
    }

    private static func subnet6(_ text: String?) throws(AgentError) -> Subnet6 {
        guard let text else { return .derived }
        if text == "off" { return .none }
        guard let prefix = IPPrefix(text), prefix.family == .v6, prefix.network == prefix,
            (32...112).contains(prefix.length), !prefix.address.isLinkLocal, !prefix.address.isMulticast
        else {
            throw invalid("subnet6 \"\(text)\" must be \"off\" or a network from /32 to /112, such as fd00:1::/64")
        }
        return .given(prefix)
    }

    private static func place(_ text: String) throws(AgentError) -> DefaultPlace {
        switch text {
        case "all": return .everywhere
        case "loopback": return .loopback
        default:
            guard let address = IPAddress(text) else {
                throw invalid("publish_address \"\(text)\" must be \"all\", \"loopback\" or an address of the host")
            }
            return .address(address)
        }
    }

    private static func number(_ value: Int?, _ key: String, in range: ClosedRange<Int>) throws(AgentError) -> Int? {
        guard let value, !range.contains(value) else { return value }
        throw invalid("\(key) \(value) must be \(range.lowerBound) to \(range.upperBound)")
    }

    private static func invalid(_ text: String) -> AgentError {
        AgentError(.configInvalid, "network driver bridge: \(text)")
    }
}
