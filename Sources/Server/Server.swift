public import Linux
internal import Model
public import Systemd

/// Listens, and keeps the connections.
@Loop public final class Server {
    private let router: Router
    private let access: Access
    /// Microseconds.
    private static let restTime: UInt64 = 100_000

    private var sources: [EventSource] = []
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var farewells: [ObjectIdentifier: Farewell] = [:]
    /// Ends a rest. Made before descriptors are scarce: it may need one itself.
    private var alarm: EventSource?
    /// Whether nobody is let in for a moment, because the process has no descriptors left.
    private(set) var isResting = false
    private var stopping: CheckedContinuation<Void, Never>?
    private var isStopping = false

    /// Begins to accept at once.
    public init(router: Router, access: Access, listeners: [Descriptor]) throws {
        self.router = router
        self.access = access
        alarm = try EventSource.timer(afterMicroseconds: Self.restTime) { [weak self] in self?.rest(false) }
        for listener in listeners {
            try listener.setNonblocking(true)
            sources.append(try EventSource.io(listener.rawValue, .readable) { [unowned self] _ in accept(listener) })
        }
    }

    /// Accepts no more, answers what is open with `agent.stopping` where it only reads, waits for changes under way.
    public func stop() async {
        isStopping = true
        sources = []
        alarm = nil
        farewells = [:]
        for connection in connections.values { connection.stop() }
        guard !connections.isEmpty else { return }
        // Getting there may take a turn of the loop, in which the last one may end.
        await withCheckedContinuation { waiting in
            if connections.isEmpty { waiting.resume() } else { stopping = waiting }
        }
    }

    private func accept(_ listener: Descriptor) {
        do {
            while let socket = try UnixSocket.accept(listener) { welcome(socket) }
        } catch {
            // The connection still waits: without a rest the loop would turn on the spot.
            rest(true)
        }
    }

    private func rest(_ resting: Bool) {
        isResting = resting
        for source in sources { try? source.setEnabled(!resting) }
        if resting { try? alarm?.restart(afterMicroseconds: Self.restTime) }
    }

    private func welcome(_ socket: Descriptor) {
        guard let peer = try? PeerCredentials(of: socket) else { return }
        guard access.allows(peer) else {
            refuse(socket)
            return
        }
        guard let connection = try? Connection(socket, peer: peer, router: router, onEnd: end) else { return }
        connections[ObjectIdentifier(connection)] = connection
    }

    private func refuse(_ socket: Descriptor) {
        var line: [UInt8] = []
        Connection.print(Access.refusal, id: nil, to: &line)
        _ = try? socket.send(line, wait: false)
        guard farewells.count < Farewell.most,
            let farewell = try? Farewell(socket, onEnd: { [weak self] in self?.farewells[ObjectIdentifier($0)] = nil })
        else { return }
        farewells[ObjectIdentifier(farewell)] = farewell
    }

    private func end(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        guard isStopping, connections.isEmpty else { return }
        stopping?.resume()
        stopping = nil
    }
}
