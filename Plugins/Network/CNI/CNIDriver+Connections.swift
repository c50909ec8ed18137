import ContainerNetwork
public import Drivers
import JSON
import Linux
import Model
import Netlink

// MARK: Attaching
extension CNIDriver {
    public func attach(_ request: AttachRequest) async throws -> Attachment {
        let id = ConnectionID(request.container, request.network)
        let name = networks.withLock { $0[request.network] } ?? request.network.description
        // What the plugins of Debian make once for all containers, such as chains of rules, two of them at once fail to.
        guard proven.withLock({ $0.contains(name) }) else {
            let made = try turns.runAlone { try join(id, request, name) }
            proven.withLock { _ = $0.insert(name) }
            return made
        }
        return try turns.run(for: request.container) { try join(id, request, name) }
    }

    private func join(_ id: ConnectionID, _ request: AttachRequest, _ name: String) throws -> Attachment {
        if let present = connected.withLock({ $0[id] }) {
            if present.isWhole, let namespace = present.namespace {
                return try attachment(present.handle, namespace, request.ports)
            }
            // Of an earlier attempt, or of an earlier start whose namespace is gone.
            try disconnect(id, present)
        }
        return try connect(id, request, list(name))
    }

    private func connect(_ id: ConnectionID, _ request: AttachRequest, _ list: NetworkList) throws -> Attachment {
        let arguments = try CapabilityArguments(request, for: list)
        try checkPorts(request)
        let namespace = try prepared(request.namespace)
        let chain = Chain(
            list: list, runner: runner,
            connection: PluginConnection(
                container: request.container.description, interface: request.interface,
                namespace: Self.path(of: namespace), arguments: Self.arguments(request)),
            arguments: arguments)
        var connection = Connection(
            handle: CNIHandle(chain, namespace: try namespace.status().inode), namespace: namespace)
        // Whoever cleans up meanwhile must know of it.
        connected.withLock { $0[id] = connection }
        var result: PluginResult?
        do {
            connection.handle.result = try chain.add(&result).json
            connection.isWhole = true
            let made = try attachment(connection.handle, namespace, request.ports)
            connected.withLock { $0[id] = connection }
            return made
        } catch {
            connection.handle.result = result?.json ?? .null
            throw takenBack(id, connection, after: error)
        }
    }

    /// Takes back what came to be of a connection. What can't be taken back stays known, for another attempt.
    private func takenBack(_ id: ConnectionID, _ connection: Connection, after error: any Error) -> any Error {
        connected.withLock { $0[id] = connection }
        do {
            try disconnect(id, connection)
            return error
        } catch let other {
            guard var error = error as? AgentError else { return error }
            error.cause.append("and what was made can't be taken back: \(other)")
            return error
        }
    }

    /// A fresh namespace, or the given one, with its loopback up.
    private func prepared(_ given: Descriptor?) throws(AgentError) -> Descriptor {
        do {
            let namespace = try given ?? NetworkNamespace.make()
            if given == nil { try NetworkNamespace.run(in: namespace, Self.settle) }
            try RouteSocket(in: namespace).change(1, LinkSettings(isUp: true))
            return namespace
        } catch let error as NetlinkError {
            throw AgentError(.hostFailed, "the container's loopback can't be brought up", cause: ["\(error)"])
        } catch {
            throw AgentError(
                .hostFailed,
                "no network namespace can be made: the agent needs CAP_SYS_ADMIN, and the host room (user.max_net_namespaces)",
                retryable: true, cause: ["\(error)"])
        }
    }

    @Sendable private static func settle() throws(Errno) {
        for (path, value) in KernelSetting.forPrograms { _ = try KernelSetting(path).set(value) }
    }

    /// Plugins see whose process and descriptor that is.
    static func path(of namespace: Descriptor) -> String { "/proc/\(Process.pid)/fd/\(namespace.rawValue)" }

    /// Plugins that give names, such as dnsname, look for it under this key; `;` and `=` mean something there.
    private static func arguments(_ request: AttachRequest) -> String {
        let isPlain = request.hostname.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3B && $0 != 0x3D }
        let isNamed = isPlain && !request.hostname.isEmpty
        return "IgnoreUnknown=1" + (isNamed ? ";K8S_POD_NAME=\(request.hostname)" : "")
    }

    func attachment(_ handle: CNIHandle, _ namespace: Descriptor, _ ports: [PortMapping]) throws -> Attachment {
        let result = try handle.parsedResult()
        return Attachment(
            namespace: .made(namespace), addresses: result.inside.map(\.prefix.description),
            gateways: result.gateways.map(\.description), mac: result.mac(of: handle.interface), ports: ports,
            resolvConf: try result.names.resolvConf ?? ResolverFile(path: settings.resolvConf).text(),
            handle: try JSONValue(encoding: handle))
    }
}

// MARK: Detaching
extension CNIDriver {
    public func detach(_ request: DetachRequest) async throws {
        let id = ConnectionID(request.container, request.network)
        try turns.run(for: request.container) {
            guard var connection = try known(id, request) else { return }
            connection.namespace = request.namespace ?? connection.namespace
            try disconnect(id, connection)
        }
    }

    /// What is to be taken back: as it is remembered here, else by the agent, else as much of it as the list tells. Nil:
    /// there can be nothing.
    private func known(_ id: ConnectionID, _ request: DetachRequest) throws(AgentError) -> Connection? {
        if let present = connected.withLock({ $0[id] }) { return present }
        if let handle = CNIHandle(request.handle) { return Connection(handle: handle) }
        guard let name = networks.withLock({ $0[id.network] }) else { return nil }
        // Without a list that can be read nothing was made.
        guard let list = try? list(name) else { return nil }
        let chain = Chain(
            list: list, runner: runner,
            connection: PluginConnection(
                container: id.container.description, interface: request.interface ?? "eth0", namespace: "",
                arguments: "IgnoreUnknown=1"),
            arguments: CapabilityArguments(JSONObject()))
        return Connection(handle: CNIHandle(chain, namespace: 0))
    }

    /// In the container's turn. What fails stays known, without the namespace, which is nobody's to keep.
    func disconnect(_ id: ConnectionID, _ connection: Connection) throws {
        let path = connection.namespace.map(Self.path) ?? ""
        defer { withExtendedLifetime(connection.namespace) {} }
        do {
            let chain = try connection.handle.chain(id, runner, namespace: path)
            try chain.delete(try connection.handle.result(in: path))
            connected.withLock { $0[id] = nil }
        } catch {
            var left = connection
            (left.namespace, left.isWhole, left.complaint) = (nil, false, nil)
            connected.withLock { [left] in $0[id] = left }
            throw error
        }
    }
}
