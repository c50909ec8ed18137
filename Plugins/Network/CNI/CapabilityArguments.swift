import Drivers
import JSON
import Model
import Netlink

/// What a connection shall be like, in the words that plugins take from a runtime, by capability.
struct CapabilityArguments: Sendable, Hashable {
    let values: JSONObject

    init(_ values: JSONObject) { self.values = values }

    /// Throws `port.refused`, `network.refused` and `limit.unavailable` for what no plugin of the list takes.
    init(_ request: AttachRequest, for list: NetworkList) throws(AgentError) {
        let connection = request.connection
        var values = JSONObject()
        if !request.ports.isEmpty {
            try Self.check(list, takes: "portMappings", .portRefused, "publish \(request.ports[0])")
            values["portMappings"] = .array(try request.ports.map { port throws(AgentError) in try Self.mapping(port) })
        }
        if let addresses = connection.addresses, !addresses.isEmpty {
            try Self.check(list, takes: "ips", .networkRefused, "give it the address \(addresses[0])")
            values["ips"] = .array(try addresses.map { text throws(AgentError) in try Self.address(text) })
        }
        if let mac = connection.mac {
            try Self.check(list, takes: "mac", .networkRefused, "give it the link address \(mac)")
            guard let address = MACAddress(mac), !address.isMulticast else {
                throw AgentError(.networkRefused, "\"\(mac)\" is no link address that a container can have")
            }
            values["mac"] = .string(address.description)
        }
        if let bandwidth = connection.bandwidth, bandwidth != Bandwidth() {
            try Self.check(list, takes: "bandwidth", .limitUnavailable, "limit its bandwidth")
            values["bandwidth"] = .object(Self.bandwidth(bandwidth))
        }
        if let aliases = connection.aliases, !aliases.isEmpty {
            try Self.check(list, takes: "aliases", .networkRefused, "have it found as \(aliases[0])")
            values["aliases"] = .array(aliases.map { .string($0) })
        }
        self.values = values
    }

    /// What one plugin gets of it.
    func part(for plugin: PluginConfiguration) -> JSONObject {
        var part = JSONObject()
        for member in values.members where plugin.capabilities.contains(member.key) { part[member.key] = member.value }
        return part
    }

    private static func check(
        _ list: NetworkList, takes capability: String, _ code: ErrorCode, _ wish: String
    ) throws(AgentError) {
        guard !list.takes(capability) else { return }
        throw AgentError(
            code,
            "no plugin of the CNI list \(list.name) can \(wish): add one that has \"capabilities\": {\"\(capability)\": true}"
        )
    }

    private static func mapping(_ port: PortMapping) throws(AgentError) -> JSONValue {
        guard let hostPort = port.hostPort else {
            throw AgentError(
                .portRefused, "\(port) has no port of the host, and CNI plugins choose none: write HOST:CONTAINER")
        }
        var mapping = JSONObject()
        mapping["hostPort"] = .int(Int64(hostPort))
        mapping["containerPort"] = .int(Int64(port.containerPort))
        mapping["protocol"] = .string(port.transport.rawValue)
        if let text = port.address {
            guard let address = IPAddress(text) else {
                throw AgentError(.portRefused, "\(port) can't be published: \"\(text)\" is no address of the host")
            }
            mapping["hostIP"] = .string(address.description)
        }
        return .object(mapping)
    }

    private static func address(_ text: String) throws(AgentError) -> JSONValue {
        guard let address = IPAddress(text) else {
            throw AgentError(.networkRefused, "\"\(text)\" is no address for a container")
        }
        return .string(address.description)
    }

    /// Bits a second, and as many bits at once as a tenth of a second brings, but no less than the largest packet.
    private static func bandwidth(_ bandwidth: Bandwidth) -> JSONObject {
        var object = JSONObject()
        for (name, bytes) in [("ingress", bandwidth.ingress), ("egress", bandwidth.egress)] {
            guard let bytes else { continue }
            object["\(name)Rate"] = .int(bytes * 8)
            // The plugin counts bursts in 32 bits.
            object["\(name)Burst"] = .int(min(max(bytes * 8 / 10, 65536 * 8), Int64(Int32.max)))
        }
        return object
    }
}
