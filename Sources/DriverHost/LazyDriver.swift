internal import Model
internal import Synchronization
internal import Wire

/// A driver in this process that its first call opens: one that nobody uses takes no memory.
///
/// What is opened was checked when it was found, and tried out in a child by then or earlier.
final class LazyDriver: DriverDoor {
    private typealias Outcome = Result<InProcessDriver, AgentError>

    private let make: @Sendable () throws(AgentError) -> InProcessDriver
    private let opening = Mutex(())
    /// Apart from `opening`, which is held for long: `cancel` may not wait.
    private let outcome = Mutex<Outcome?>(nil)

    init(_ make: @escaping @Sendable () throws(AgentError) -> InProcessDriver) { self.make = make }

    func call(_ request: DriverRequest) throws -> PackedMessage { try opened().get().call(request) }

    func cancel(_ operation: UInt64) {
        if case .success(let driver) = outcome.withLock({ $0 }) { driver.cancel(operation) }
    }

    var refusal: AgentError? {
        guard case .failure(let error) = outcome.withLock({ $0 }) else { return nil }
        return error
    }

    private func opened() -> Outcome {
        if let outcome = outcome.withLock({ $0 }) { return outcome }
        return opening.withLock { _ in
            // Looked at again: another thread may have been quicker.
            if let outcome = outcome.withLock({ $0 }) { return outcome }
            let made = Outcome { () throws(AgentError) in try make() }
            outcome.withLock { $0 = made }
            return made
        }
    }
}
