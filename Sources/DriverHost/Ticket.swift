internal import Synchronization

/// One waiting caller: answered once, by the driver or by the deadline, whichever comes first.
final class Ticket<Value: Sendable>: Sendable {
    private let waiting = Mutex<CheckedContinuation<Value, any Error>?>(nil)

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        waiting.withLock { $0 = continuation }
    }

    var isOpen: Bool { waiting.withLock { $0 != nil } }

    /// Answers the caller, unless somebody did before; then the answer is dropped, and its descriptors close.
    @discardableResult
    func answer(_ result: Result<Value, any Error>) -> Bool {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(with: result)
        return continuation != nil
    }
}
