import Model
import Netlink

/// The configuration, read: nothing in it can be wrong any more but for what the host says to it.
struct BridgeSettings: Sendable {
    /// Where a port is published that names no address.
    enum DefaultPlace: Sendable, Hashable {
        case everywhere, loopback
        case address(IPAddress)
    }

    /// What the default network is like.
    let bridge: String
    let subnet: IPPrefix?
    let subnet6: Subnet6
    let isInternal: Bool

    let supernet: IPPrefix?
    let subnetLength: Int
    let mtu: UInt32?
    let publish: DefaultPlace
    let pool: Int
    let resolvConf: String

    /// Throws `config.invalid`.
    init(_ configuration: BridgeConfiguration) throws(AgentError) {
        do {
            bridge = try LinkName.check(configuration.bridge, "bridge")
            subnet = try configuration.subnet.map { text throws(AgentError) in try Subnets.four(text) }
            subnet6 =
                try configuration.subnet6.map { text throws(AgentError) in
                    try text == "off" ? .none : .given(Subnets.six(text))
                } ?? .derived
            supernet =
                try configuration.supernet.map { text throws(AgentError) in try Subnets.four(text) }
                ?? IPPrefix("10.88.0.0/14")
            let shortest = (supernet?.length ?? 8) + 1
            subnetLength =
                try Self.number(configuration.subnetLength, "subnet_length", in: min(29, shortest)...29) ?? 24
            mtu = try Self.number(configuration.mtu, "mtu", in: 1280...65535).map { UInt32($0) }
            publish = try Self.place(configuration.publishAddress ?? "all")
            pool = try Self.number(configuration.pool, "pool", in: 0...256) ?? 4
        } catch { throw AgentError(.configInvalid, "network driver bridge: \(error.message)") }
        isInternal = configuration.isolated ?? false
        resolvConf = configuration.resolvConf ?? "/etc/resolv.conf"
    }

    static func place(_ text: String) throws(AgentError) -> DefaultPlace {
        switch text {
        case "all": return .everywhere
        case "loopback": return .loopback
        default:
            guard let address = IPAddress(text) else {
                throw AgentError(
                    .networkRefused,
                    "publish_address \"\(text)\" must be \"all\", \"loopback\" or an address of the host")
            }
            return .address(address)
        }
    }

    static func number(_ value: Int?, _ key: String, in range: ClosedRange<Int>) throws(AgentError) -> Int? {
        guard let value, !range.contains(value) else { return value }
        throw AgentError(.networkRefused, "\(key) \(value) must be \(range.lowerBound) to \(range.upperBound)")
    }
}

/// Where a network of version 6 comes from.
enum Subnet6: Sendable, Hashable {
    case none, derived
    case given(IPPrefix)
}

/// What is a link's name and safe as a part of a path and in a rule.
enum LinkName {
    /// Throws `network.refused`.
    static func check(_ name: String, _ key: String) throws(AgentError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...15).contains(name.utf8.count), name != ".", name != "..", name != "all", name != "default"
        else {
            throw AgentError(.networkRefused, "\(key) \"\(name)\" must be 1 to 15 letters, digits and _.-")
        }
        return name
    }
}

/// What can be a network of containers.
enum Subnets {
    /// Throws `network.refused`.
    static func four(_ text: String) throws(AgentError) -> IPPrefix {
        guard let prefix = IPPrefix(text), prefix.family == .v4, prefix.network == prefix,
            (8...29).contains(prefix.length), !prefix.address.isLoopback, !prefix.address.isMulticast
        else {
            throw AgentError(
                .networkRefused,
                "subnet \"\(text)\" must be a network of version 4 from /8 to /29, such as 10.88.0.0/20")
        }
        return prefix
    }

    /// Throws `network.refused`.
    static func six(_ text: String) throws(AgentError) -> IPPrefix {
        guard let prefix = IPPrefix(text), prefix.family == .v6, prefix.network == prefix,
            (32...112).contains(prefix.length), !prefix.address.isLinkLocal, !prefix.address.isMulticast
        else {
            throw AgentError(
                .networkRefused,
                "subnet6 \"\(text)\" must be \"off\" or a network of version 6 from /32 to /112, such as fd00:1::/64")
        }
        return prefix
    }
}
