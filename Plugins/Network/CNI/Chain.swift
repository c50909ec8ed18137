import JSON
import Model

/// The plugins of a list, for one connection.
struct Chain: Sendable {
    let list: NetworkList
    let runner: PluginRunner
    let connection: PluginConnection
    let arguments: CapabilityArguments

    /// Asks one plugin after the other; answers what the last says. Nothing is taken back on a failure.
    ///
    /// - Parameter result: Each plugin's as it comes: after a failure the last one that there was.
    func add(_ result: inout PluginResult?) throws(AgentError) -> PluginResult {
        for plugin in list.plugins {
            let call = list.call(.add, plugin, for: connection, arguments: arguments, previous: result?.json)
            result = try runner.result(of: call, version: list.version)
        }
        guard let result else { throw AgentError(.networkRefused, "the CNI list \(list.name) has no plugins") }
        return result
    }

    /// Takes back what `add` made, or as much of it as came to be: the last plugin first, all of them, whatever becomes of
    /// one. Throws the first error, with the others below it. Idempotent, as plugins are.
    func delete(_ result: JSONValue?) throws(AgentError) {
        // Earlier versions have no result there.
        let previous = list.version < .withCheck ? nil : result
        var failures: [AgentError] = []
        for plugin in list.plugins.reversed() {
            let call = list.call(.delete, plugin, for: connection, arguments: arguments, previous: previous)
            do { try runner.perform(call) } catch {
                if !Self.meansGone(error) { failures.append(error) }
            }
        }
        guard var first = failures.first else { return }
        first.cause += failures.dropFirst().map(\.message)
        throw first
    }

    /// Whether all is as `add` made it. Lists of versions before 0.4.0 and those that forbid it are always well.
    func check(_ result: JSONValue) throws(AgentError) {
        guard list.isChecked, list.version >= .withCheck else { return }
        for plugin in list.plugins {
            try runner.perform(
                list.call(.check, plugin, for: connection, arguments: arguments, previous: result))
        }
    }

    /// Code 3: there is nothing of that container to be cleaned up.
    private static func meansGone(_ error: AgentError) -> Bool { error.details?["code"] == 3 }
}
