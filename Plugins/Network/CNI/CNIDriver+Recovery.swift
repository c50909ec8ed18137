import ContainerNetwork
public import Drivers
import JSON
import Linux
public import Model

extension CNIDriver {
    /// Takes up what the agent remembers, with the namespaces that still live, and has it checked while the agent goes on.
    /// Idempotent.
    public func recover(_ handles: [ContainerHandle]) async throws {
        let found = handles.compactMap { handle -> (ConnectionID, CNIHandle)? in
            guard let network = handle.network, let own = CNIHandle(handle.handle) else { return nil }
            return (ConnectionID(handle.container, network), own)
        }
        guard !found.isEmpty else { return }
        let living = try LivingNamespaces()
        connected.withLock { connected in
            for (id, handle) in found where connected[id] == nil {
                connected[id] = Connection(handle: handle, namespace: living[handle.namespace], isWhole: true)
            }
        }
        try Thread.start("cni-check") { [self] in for (id, _) in found { check(id) } }
    }

    /// Has the plugins look whether a connection is as they made it. What they find is told in `status`; nothing is taken
    /// down for it. Blocks.
    func check(_ id: ConnectionID) {
        turns.run(for: id.container) {
            guard let connection = connected.withLock({ $0[id] }), let namespace = connection.namespace else { return }
            var complaint: AgentError?
            do throws(AgentError) {
                let path = Self.path(of: namespace)
                let chain = try connection.handle.chain(id, runner, namespace: path)
                if let result = try connection.handle.result(in: path) { try chain.check(result) }
            } catch { complaint = error }
            withExtendedLifetime(namespace) {}
            connected.withLock { [complaint] in $0[id]?.complaint = complaint }
        }
    }

    /// Takes back the connections of other containers, and has the plugins drop what belongs to no connection at all.
    public func collect(valid: Set<ContainerID>) async throws -> [String] {
        try turns.runAlone {
            var (removed, failure) = ([String](), (any Error)?.none)
            for (id, connection) in connected.withLock({ $0 }) where !valid.contains(id.container) {
                do {
                    try disconnect(id, connection)
                    removed.append("the connection of container \(id)")
                } catch { failure = failure ?? error }
            }
            for name in Set(networks.withLock { $0.values }).sorted() {
                do { try collect(name) } catch { failure = failure ?? error }
            }
            if let failure { throw failure }
            return removed.sorted()
        }
    }

    /// All of the list's connections are told, of whatever network they are. A list that can't be read is left alone.
    private func collect(_ name: String) throws(AgentError) {
        guard let list = try? list(name), list.isCollected, list.version >= .withStatus else { return }
        let valid = connected.withLock { connected in
            connected.filter { $0.value.handle.list["name"]?.string == name }.map {
                (container: $0.key.container.description, interface: $0.value.handle.interface)
            }
        }.sorted { $0 < $1 }
        var failure: AgentError?
        for plugin in list.plugins {
            do { try runner.perform(list.collection(plugin, valid: valid)) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}
