import ContainerNetwork
import JSON
import Model

/// What the agent keeps for us of a connection: all that `DEL` and `CHECK` need, whatever becomes of the files meanwhile.
struct CNIHandle: Sendable, Hashable, Codable {
    var version = 1
    /// The list as it was used.
    var list: JSONValue
    var interface: String
    /// `CNI_ARGS`.
    var arguments: String
    /// What was asked for, by capability.
    var capabilities: JSONValue
    /// What the last plugin said; null before it did.
    var result: JSONValue = .null
    /// `CNI_NETNS`, which is another after a new start of the agent.
    var sandbox: String
    /// The number of the namespace's inode, which is no other's as long as it lives.
    var namespace: Int64

    /// Nil: none was kept, or none of ours.
    init?(_ value: JSONValue) {
        guard let handle = try? value.decode(CNIHandle.self, unknownKeys: .ignore) else { return nil }
        self = handle
    }

    init(_ chain: Chain, namespace: UInt64) {
        list = chain.list.json
        interface = chain.connection.interface
        arguments = chain.connection.arguments
        capabilities = .object(chain.arguments.values)
        sandbox = chain.connection.namespace
        self.namespace = Int64(clamping: namespace)
    }

    /// The same plugins for the same connection.
    ///
    /// - Parameter namespace: Where it is now; empty when it is gone.
    func chain(_ id: ConnectionID, _ runner: PluginRunner, namespace: String) throws(AgentError) -> Chain {
        do {
            return Chain(
                list: try NetworkList(list), runner: runner,
                connection: PluginConnection(
                    container: id.container.description, interface: interface, namespace: namespace,
                    arguments: arguments),
                arguments: CapabilityArguments(capabilities.object ?? JSONObject()))
        } catch {
            throw AgentError(.driverFailed, "what was kept of \(id) is no CNI list: \(error)")
        }
    }

    /// The result with the namespace where it is now; nil: there was none.
    func result(in namespace: String) throws(AgentError) -> JSONValue? {
        if result.isNull { return nil }
        let parsed = try parsedResult()
        return namespace.isEmpty ? parsed.json : parsed.json(movedTo: namespace, from: sandbox)
    }

    func parsedResult() throws(AgentError) -> PluginResult {
        do { return try PluginResult(result, version: NetworkList(list).version) } catch {
            throw AgentError(.driverFailed, "what was kept of a connection is no CNI result: \(error)")
        }
    }
}
