/// Something that will be known once, and those who wait for it.
///
/// `@unchecked Sendable`: touched on the executor of the actor that made it alone; others only hold the reference.
public final class Outcome<Value: Sendable>: @unchecked Sendable {
    private var result: Result<Value, any Error>?
    private var waiters: [Int: CheckedContinuation<Value, any Error>] = [:]
    private var lastToken = 0

    public init() {}

    public var isKnown: Bool { result != nil }
    public var isAwaited: Bool { !waiters.isEmpty }

    /// Tells everybody; only the first time counts.
    public func settle(_ result: Result<Value, any Error>) {
        guard self.result == nil else { return }
        self.result = result
        let all = waiters.values
        waiters = [:]
        for waiter in all { waiter.resume(with: result) }
    }

    /// What ``value(token:isolation:)`` and ``giveUp(_:)`` know one waiter by.
    public func token() -> Int {
        lastToken += 1
        return lastToken
    }

    /// Waits until it is known, or until the waiter is given up; throws `CancellationError` then.
    ///
    /// The actor is named by the caller, who stands in a closure here: in one that does not mention its actor,
    /// `#isolation` is nil, and the waiters would be touched from the global pool.
    public func value(token: Int, isolation: isolated (any Actor)) async throws -> Value {
        if let result { return try result.get() }
        return try await withCheckedThrowingContinuation { waiter in
            // Looked at again: the actor may have turned between the look above and here.
            if let result {
                waiter.resume(with: result)
            } else if Task.isCancelled {
                waiter.resume(throwing: CancellationError())
            } else {
                waiters[token] = waiter
            }
        }
    }

    public func value(isolation: isolated (any Actor) = #isolation) async throws -> Value {
        try await value(token: token(), isolation: isolation)
    }

    public func giveUp(_ token: Int) { waiters.removeValue(forKey: token)?.resume(throwing: CancellationError()) }
}
