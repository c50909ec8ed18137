import ContainerNetwork
import Drivers
import JSON
import Model
import Netlink

/// What a network shall be: what somebody said of it, and the configuration where nobody said anything.
struct NetworkSettings: Sendable {
    let network: NetworkName
    /// The bridge's name.
    let link: String
    let subnet: IPPrefix?
    /// How long the prefix is of a subnet that is chosen, and out of what.
    let length: Int
    let supernet: IPPrefix?
    let subnet6: Subnet6
    /// Version 6 was asked for: a host without it is refused.
    let needsSix: Bool
    let range: IPPrefix?
    let mtu: UInt32?
    let isInternal: Bool
    let isIsolating: Bool
    let isRouted: Bool
    let translatesSix: Bool
    let publish: BridgeSettings.DefaultPlace
    let group: UInt32?

    private static let options: Set = ["link", "isolate", "mode", "nat66", "publish_address"]

    /// Throws `network.refused` with the first thing that can't be.
    init(_ request: NetworkRequest, _ settings: BridgeSettings) throws(AgentError) {
        let (spec, handle) = (request.spec, NetworkHandle(request.handle))
        let isDefault = spec.name.description == "bridge"
        if let option = spec.options.keys.sorted().first(where: { !Self.options.contains($0) }) {
            throw AgentError(
                .networkRefused,
                "the driver bridge has no option \"\(option)\": it has \(Self.options.sorted().joined(separator: ", "))"
            )
        }
        network = spec.name
        let name = try Self.link(of: spec, isDefault ? settings.bridge : nil)
        link = handle?.link ?? name
        let subnets = try Subnets.pair(handle?.subnets ?? spec.subnets ?? [])
        subnet = subnets.four ?? (isDefault ? settings.subnet : nil)
        length = isDefault ? 20 : settings.subnetLength
        supernet = settings.supernet
        let usual = isDefault ? settings.subnet6 : .derived
        // What was made once without version 6 stays so.
        let wish: Subnet6 = handle != nil && subnets.six == nil ? .none : subnets.six.map { .given($0) } ?? usual
        subnet6 = spec.ipv6 == false ? .none : wish
        needsSix = spec.ipv6 == true
        range = try spec.range.map { text throws(AgentError) in try Subnets.range(text, of: subnets.four) }
        let mtu = try BridgeSettings.number(spec.mtu, "mtu", in: 1280...65535)
        self.mtu = mtu.map { UInt32($0) } ?? settings.mtu
        isInternal = spec.isInternal ?? (isDefault && settings.isInternal)
        isIsolating = try Self.flag(spec.options["isolate"], "isolate")
        isRouted = try Self.isRouted(spec.options["mode"])
        translatesSix =
            try spec.options["nat66"] == nil ? settings.translatesSix : Self.flag(spec.options["nat66"], "nat66")
        let place = spec.options["publish_address"]
        publish = try place.map { text throws(AgentError) in try BridgeSettings.place(text) } ?? settings.publish
        group = handle?.group
    }

    private static func isRouted(_ mode: String?) throws(AgentError) -> Bool {
        switch mode {
        case nil, "bridge": return false
        case "routed": return true
        case let mode?: throw AgentError(.networkRefused, "mode \"\(mode)\" must be \"bridge\" or \"routed\"")
        }
    }

    /// As asked for, else the network's name where it fits, else a part of it with a number made from the whole.
    private static func link(of spec: NetworkSpec, _ usual: String?) throws(AgentError) -> String {
        if let name = spec.options["link"] { return try LinkName.check(name, "link") }
        if let usual { return usual }
        let text = spec.name.description
        if text.utf8.count <= 12 { return "dv-\(text)" }
        let hash = text.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return "dv-\(text.prefix(4))" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func flag(_ text: String?, _ key: String) throws(AgentError) -> Bool {
        switch text {
        case nil, "false": return false
        case "true": return true
        default: throw AgentError(.networkRefused, "the option \(key) is \"true\" or \"false\"")
        }
    }
}

/// What the agent keeps for us of a network: what was chosen, so that it is the same ever after.
struct NetworkHandle: Sendable, Hashable, Codable {
    var version = 1
    var link: String
    var subnets: [String]
    var group: UInt32

    init(_ bridge: Bridge) {
        link = bridge.name
        subnets = bridge.subnets.map(\.description)
        group = bridge.group
    }

    /// Nil: none was kept, or none of ours.
    init?(_ value: JSONValue) {
        guard let handle = try? value.decode(NetworkHandle.self, unknownKeys: .ignore) else { return nil }
        self = handle
    }
}
