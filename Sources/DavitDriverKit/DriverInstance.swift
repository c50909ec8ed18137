internal import JSON
internal import Linux
internal import Model
internal import Synchronization
internal import Wire

/// One opened driver: what `self` points to in the C table.
final class DriverInstance: Sendable {
    typealias Function = @Sendable (_ method: String, PackedMessage) async throws -> PackedMessage
    typealias Outcome = Result<PackedMessage, any Error>

    private let function: Function
    private let running = Mutex<[UInt64: Task<Void, Never>]>([:])

    init(_ function: @escaping Function) { self.function = function }

    /// Runs a method to its end on the calling thread. Blocks.
    func call(_ method: String, operation: UInt64, _ message: PackedMessage) -> Outcome {
        let thread = CallingThread()
        let outcome = Mutex<Outcome?>(nil)
        let function = function
        let task = Task(executorPreference: thread) {
            let result: Outcome
            do { result = .success(try await function(method, message)) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
            thread.finish()
        }
        running.withLock { $0[operation] = task }
        thread.drain()
        running.withLock { _ = $0.removeValue(forKey: operation) }
        return outcome.withLock { $0 } ?? .failure(AgentError(.driverFailed, "the driver's task ended without a word"))
    }

    func cancel(_ operation: UInt64) {
        running.withLock { $0[operation] }?.cancel()
    }
}
