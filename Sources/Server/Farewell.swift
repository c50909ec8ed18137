internal import Linux
internal import Systemd

/// The end of a connection that was not let in. What the peer sends is read until it hangs up: it would find a broken pipe
/// instead of its answer if the socket closed before it had asked.
@Loop final class Farewell {
    /// So many at a time; a further one is closed at once.
    static let most = 16
    /// Microseconds that the peer has.
    private static let patience: UInt64 = 2_000_000

    private let socket: Descriptor
    private let onEnd: @Loop (Farewell) -> Void
    private var source: EventSource?
    private var timer: EventSource?

    /// The answer is already written to `socket`.
    init(_ socket: Descriptor, onEnd: @escaping @Loop (Farewell) -> Void) throws {
        self.socket = socket
        self.onEnd = onEnd
        try socket.setNonblocking(true)
        try socket.shutdown(1)
        source = try EventSource.io(socket.rawValue, .readable) { [weak self] _ in self?.read() }
        timer = try EventSource.timer(afterMicroseconds: Self.patience) { [weak self] in self?.end() }
    }

    private func read() {
        do {
            if try socket.receive(upTo: 64 << 10).0.isEmpty { end() }
        } catch Errno.wouldBlock {} catch { end() }
    }

    private func end() {
        source = nil
        timer = nil
        onEnd(self)
    }
}
