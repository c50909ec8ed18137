import ContainerNetwork
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
    let translatesSix: Bool
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
        translatesSix = configuration.nat66 ?? false
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
