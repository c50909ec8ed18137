internal import Engine
internal import Linux
internal import Systemd

/// The engine's view of the event loop.
struct LoopReactor: Reactor {
    func watch(_ descriptor: Descriptor, _ handler: @escaping @Sendable () -> Void) throws -> any Watch {
        try Loop.assumeIsolated {
            Held(try EventSource.io(descriptor.rawValue, .readable) { _ in handler() }, keeping: descriptor)
        }
    }

    func after(_ delay: Duration, _ handler: @escaping @Sendable () -> Void) throws -> any Watch {
        let (seconds, attoseconds) = delay.components
        let microseconds = UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
        return try Loop.assumeIsolated {
            Held(try EventSource.timer(afterMicroseconds: microseconds) { handler() }, keeping: nil)
        }
    }

    /// Keeps the source, and the descriptor that must outlive it.
    private final class Held: Watch {
        private let source: EventSource
        private let descriptor: Descriptor?

        init(_ source: EventSource, keeping descriptor: Descriptor?) {
            self.source = source
            self.descriptor = descriptor
        }
    }
}
