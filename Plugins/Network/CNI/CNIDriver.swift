import ContainerNetwork
public import Drivers
import JSON
import Linux
import Model

/// Containers on networks that CNI plugins make. Concurrent; blocks while plugins run.
///
/// What an administrator wrote is read anew for each connection. What a connection was made with is kept in its handle, and
/// is what it is taken back with.
public final class CNIDriver: NetworkDriver {
    struct Connection: Sendable {
        var handle: CNIHandle
        /// Nil: it is gone, or was not found after a new start of the driver.
        var namespace: Descriptor?
        /// The plugins have made all of it.
        var isWhole = false
        /// What `CHECK` found wrong.
        var complaint: AgentError?
    }

    let settings: CNISettings
    let runner: PluginRunner
    let directories: ListDirectories
    let turns = Turns()
    let host: HostNetwork
    /// The list of each network there is, by its name.
    let networks = Guarded<[NetworkName: String]>([:])
    /// Lists with which a connection was made since the start of the driver.
    let proven = Guarded<Set<String>>([])
    let connected = Guarded<[ConnectionID: Connection]>([:])

    /// Touches nothing yet. Throws `config.invalid`.
    public convenience init(_ configuration: CNIConfiguration) throws {
        try self.init(configuration, host: nil)
    }

    /// - Parameter host: The network namespace that is the host; nil: that of the calling threads.
    init(_ configuration: CNIConfiguration, host: Descriptor?) throws {
        settings = try CNISettings(configuration)
        self.host = HostNetwork(namespace: host)
        runner = PluginRunner(settings, host: self.host)
        directories = ListDirectories(paths: settings.confDirs)
    }

    /// Asks the plugins of each network, or looks whether they are there, and tells what is wrong with any.
    public func status() async throws -> DriverStatus {
        let networks = networks.withLock { $0 }.sorted { $0.key.description < $1.key.description }
        guard !networks.isEmpty else {
            return DriverStatus(
                healthy: true, message: "ready; lists are in \(settings.confDirs.joined(separator: ", "))")
        }
        var (parts, isHealthy) = ([String](), true)
        for (name, list) in networks {
            do {
                let types = try ready(list).plugins.map(\.type).joined(separator: " ")
                let count = connected.withLock { $0.keys.count { $0.network == name } }
                parts.append("\(name): \(types), \(count) connected")
            } catch {
                isHealthy = false
                parts.append("\(name): \(error.message)")
            }
        }
        for (id, connection) in connected.withLock({ $0 }) {
            if let complaint = connection.complaint { parts.append("container \(id): \(complaint.message)") }
        }
        return DriverStatus(healthy: isHealthy, message: parts.joined(separator: "; "))
    }

    /// Throws what keeps a list from being used.
    private func ready(_ name: String) throws(AgentError) -> NetworkList {
        let list = try list(name)
        for plugin in list.plugins {
            _ = try runner.program(plugin.type)
            if list.version >= .withStatus { try runner.perform(list.call(.status, plugin, for: nil)) }
        }
        return list
    }

    /// A list as its files are now, in the version in which it is used.
    func list(_ name: String) throws(AgentError) -> NetworkList {
        let list = try directories.list(named: name).list
        return list.versions.count == 1 ? list : try runner.settled(list)
    }
}
