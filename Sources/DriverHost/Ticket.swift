internal import Synchronization

/// One waiting caller: answered once, by the driver or by the deadline, whichever comes first.
final class Ticket<Value: Sendable>: Sendable {
    private let waiting = Mutex<CheckedContinuation<Value, any Error>?>(nil)

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        waiting.withLock { $0 = continuation }
    }

    var isOpen: Bool { waiting.withLock { $0 != nil } }

    /// Answers the caller, unless somebody did before; then the answer is dropped, and its descriptors close.
    ///
    /// `before` runs first, and only when this is the answer: what it notes is true once the caller goes on.
    func answer(_ result: Result<Value, any Error>, before: () -> Void = {}) {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        guard let continuation else { return }
        before()
        continuation.resume(with: result)
    }
}
