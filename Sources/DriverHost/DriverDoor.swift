internal import Linux
internal import Model
internal import Wire

/// One opened driver, wherever its code runs.
protocol DriverDoor: Sendable {
    /// Carries out one method. Blocks, with no end of its own: the caller keeps the deadline.
    ///
    /// Throws the driver's own `AgentError`, or `driver.bad_reply` for an answer that makes no sense.
    func call(_ request: DriverRequest) throws -> PackedMessage
    /// A hint that nobody waits for an operation any more; from any thread.
    func cancel(_ operation: UInt64)
    /// Why it can't be opened, once that is known.
    var refusal: AgentError? { get }
}

extension DriverDoor {
    var refusal: AgentError? { nil }
}

struct DriverRequest: Sendable {
    var operation: UInt64
    var method: String
    var deadline: MonotonicTime
    var message: PackedMessage
}

/// An error object as a driver writes it: with a code that may be none of ours.
struct DriverErrorObject: Codable {
    var code: String
    var message: String
    var retryable: Bool?
    var cause: [String]?

    var error: AgentError {
        guard let known = ErrorCode(rawValue: code) else {
            return AgentError(.driverFailed, "\(code): \(message)", retryable: retryable ?? false, cause: cause ?? [])
        }
        return AgentError(known, message, retryable: retryable ?? false, cause: cause ?? [])
    }
}
