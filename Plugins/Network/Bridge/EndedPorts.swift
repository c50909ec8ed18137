import Linux
import Netlink

/// Forgets the connections that came by ports that are no more, many ports at once.
///
/// The kernel walks the whole table of connections for that, of all networks of the machine: 13 ms with the 262144
/// buckets it has by default, however few there are in it. Nobody waits for it but where it matters, see ``Firewall``.
final class EndedPorts: Sendable {
    private struct State {
        var ports: [PublishedPort] = []
        var isStopped = false
    }

    private let state = Guarded(State())

    init(_ socket: NetfilterSocket) throws {
        try Thread.start("network-flows") { [state] in Self.work(socket, state) }
    }

    deinit { stop() }

    /// Ends the thread, when it is done with all.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.wakeAll()
    }

    func take(_ ports: [PublishedPort]) {
        state.withLock { $0.ports += ports }
        state.wakeOne()
    }

    private static func work(_ socket: NetfilterSocket, _ state: Guarded<State>) {
        while let ports = next(state) {
            // What the kernel keeps ends by itself, only later; it leads to a container that is no more.
            _ = try? socket.forget { flow in ports.contains { $0.led(flow) } }
        }
    }

    /// Blocks until there are some; nil is the end.
    private static func next(_ state: Guarded<State>) -> [PublishedPort]? {
        state.wait { state in
            guard !state.ports.isEmpty else { return state.isStopped ? .some(nil) : nil }
            let ports = state.ports
            state.ports = []
            return .some(ports)
        }
    }
}
