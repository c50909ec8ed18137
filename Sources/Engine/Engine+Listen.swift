internal import Linux
internal import Model

extension Engine {
    /// The sockets that a container's spec asks for, in its order: opened at the first start, in the host's network, and
    /// kept until the container is removed. Whoever connects between two runs waits for the next.
    func listeners(of container: Container) throws -> [Descriptor] {
        if container.listeners.isEmpty {
            container.listeners = try (container.record.spec.listen ?? []).map { try $0.open() }
        }
        return container.listeners
    }

    /// After a restart of the agent the program still has them, from 3 on.
    func resumeListeners(of container: Container) {
        guard let wanted = container.record.spec.listen, let process = container.process else { return }
        let found = wanted.indices.compactMap { index -> Descriptor? in
            let socket = try? process.descriptor(Int32(3 + index))
            return socket?.serves == true ? socket : nil
        }
        // One that closed them gets new ones at its next start.
        if found.count == wanted.count { container.listeners = found }
    }

    /// Those of containers that rest went with the agent before: whoever connects waits for the next start again.
    func reopenListeners() {
        for container in containers.values where container.record.exit != nil && container.life.state.isAtRest {
            do { _ = try listeners(of: container) } catch {
                parts.complain(AgentError(wrapping: error, "a socket can't be opened again"), container.id)
            }
        }
    }

    func closeListeners(of container: Container) {
        // Also where a child that is just being started still has a copy of it.
        for socket in container.listeners { try? socket.shutdown(2) }
        container.listeners = []
        for case .unix(let path) in (container.record.spec.listen ?? []).compactMap({ ListenAddress($0.address) }) {
            UnixName(path).removeIfDead()
        }
    }
}

extension ListenSpec {
    fileprivate func open() throws(AgentError) -> Descriptor {
        do {
            let socket = try bound()
            // As sd_listen_fds(3) has it: whoever wants another kind says so itself. The agent never reads from it.
            try socket.setNonblocking(false)
            return socket
        } catch {
            throw AgentError(.listenRefused, "the socket \(address) can't be opened: \(error.adviceForListening)")
                .caused(by: error)
        }
    }

    private func bound() throws(Errno) -> Descriptor {
        switch ListenAddress(address) {
        case .tcp(let address, let port):
            return try InternetSocket.listen(.stream, address: address, port: port)
        case .udp(let address, let port):
            return try InternetSocket.listen(.datagram, address: address, port: port)
        case .unix(let path):
            UnixName(path).removeIfDead()
            // As systemd's sockets: who may reach it is the directory's to say.
            return try UnixSocket.listen(path, mode: 0o666, backlog: 4096)
        case nil: throw Errno.invalid
        }
    }
}

extension Errno {
    fileprivate var adviceForListening: String {
        switch self {
        case .addressInUse: "another program has it: stop that, or choose another"
        case .addressNotAvailable: "the host has no such address"
        case .noSuchFile: "its directory is not there: make it"
        default: "the host refused it"
        }
    }
}

/// The name of a Unix socket, which outlives the socket.
private struct UnixName {
    let path: String

    init(_ path: String) { self.path = path }

    /// Removes a socket that nobody listens to any more; never anything else.
    func removeIfDead() {
        do { _ = try UnixSocket.connectAtOnce(path) } catch {
            guard error == .connectionRefused else { return }
            let end = path.lastIndex(of: "/") ?? path.startIndex
            let name = String(path[path.index(after: end)...])
            guard let directory = try? Directory(path: String(path[...end])),
                (try? directory.status(name))?.kind == .socket
            else { return }
            try? directory.remove(name)
        }
    }
}
