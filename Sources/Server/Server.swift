public import Linux
internal import Model
public import Systemd

/// Listens, and keeps the connections.
@Loop public final class Server {
    private let router: Router
    private let access: Access
    private var sources: [EventSource] = []
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var stopping: CheckedContinuation<Void, Never>?
    private var isStopping = false

    /// Begins to accept at once.
    public init(router: Router, access: Access, listeners: [Descriptor]) throws {
        self.router = router
        self.access = access
        for listener in listeners {
            try listener.setNonblocking(true)
            sources.append(try EventSource.io(listener.rawValue, .readable) { [unowned self] _ in accept(listener) })
        }
    }

    /// Accepts no more, answers what is open with `agent.stopping` where it only reads, waits for changes under way.
    public func stop() async {
        isStopping = true
        sources = []
        for connection in connections.values { connection.stop() }
        guard !connections.isEmpty else { return }
        // Getting there may take a turn of the loop, in which the last one may end.
        await withCheckedContinuation { waiting in
            if connections.isEmpty { waiting.resume() } else { stopping = waiting }
        }
    }

    private func accept(_ listener: Descriptor) {
        while let socket = try? UnixSocket.accept(listener) { welcome(socket) }
    }

    private func welcome(_ socket: Descriptor) {
        guard let peer = try? PeerCredentials(of: socket) else { return }
        guard access.allows(peer) else {
            var line: [UInt8] = []
            Connection.print(Access.refusal, id: nil, to: &line)
            _ = try? socket.send(line, wait: false)
            return
        }
        guard let connection = try? Connection(socket, peer: peer, router: router, onEnd: end) else { return }
        connections[ObjectIdentifier(connection)] = connection
    }

    private func end(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        guard isStopping, connections.isEmpty else { return }
        stopping?.resume()
        stopping = nil
    }
}
