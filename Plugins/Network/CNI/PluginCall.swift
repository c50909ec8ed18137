import JSON

/// What a plugin can be asked.
enum PluginCommand: String, Sendable, Hashable {
    case add = "ADD"
    case delete = "DEL"
    case check = "CHECK"
    case status = "STATUS"
    case collect = "GC"
    case version = "VERSION"
}

/// What is one connection for the plugins: the same from `ADD` to `DEL`.
struct PluginConnection: Sendable, Hashable {
    let container: String
    let interface: String
    /// The path of its namespace; empty when that is gone.
    var namespace: String
    /// `CNI_ARGS`.
    let arguments: String

    var environment: [String] {
        [
            "CNI_CONTAINERID=\(container)", "CNI_NETNS=\(namespace)", "CNI_IFNAME=\(interface)",
            "CNI_ARGS=\(arguments)",
        ]
    }
}

/// One question to one plugin: a value, that can be printed and tested without running anything.
struct PluginCall: Sendable, Hashable {
    let command: PluginCommand
    let type: String
    let network: String
    /// Nil where the network as a whole is meant.
    let connection: PluginConnection?
    let input: JSONObject

    /// Without `CNI_PATH` and `PATH`.
    var environment: [String] { ["CNI_COMMAND=\(command.rawValue)"] + (connection?.environment ?? []) }

    /// As in `ADD eth0 of container 0123456789abcdef`.
    var title: String {
        guard let connection else {
            return network.isEmpty ? command.rawValue : "\(command.rawValue) of the network \(network)"
        }
        return "\(command.rawValue) \(connection.interface) of container \(connection.container) on \(network)"
    }
}

extension NetworkList {
    /// A question to one of its plugins.
    ///
    /// - Parameter previous: The result that it is to go on from; nil: there is none.
    func call(
        _ command: PluginCommand, _ plugin: PluginConfiguration, for connection: PluginConnection?,
        arguments: CapabilityArguments? = nil, previous: JSONValue? = nil
    ) -> PluginCall {
        var input = plugin.own
        input["cniVersion"] = .string("\(version)")
        input["name"] = .string(name)
        if let part = arguments?.part(for: plugin), !part.isEmpty { input["runtimeConfig"] = .object(part) }
        if let previous { input["prevResult"] = previous }
        return PluginCall(command: command, type: plugin.type, network: name, connection: connection, input: input)
    }

    /// Asks one to drop what belongs to no connection but these.
    func collection(
        _ plugin: PluginConfiguration, valid: [(container: String, interface: String)]
    ) -> PluginCall {
        let call = call(.collect, plugin, for: nil)
        var input = call.input
        input["cni.dev/valid-attachments"] = .array(
            valid.map { ["containerID": .string($0.container), "ifname": .string($0.interface)] })
        return PluginCall(command: .collect, type: call.type, network: name, connection: nil, input: input)
    }
}
