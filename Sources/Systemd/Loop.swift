/// Everything that belongs to the thread of `EventLoop.main`.
@globalActor public actor Loop {
    public static let shared = Loop()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe EventLoop.main.asUnownedSerialExecutor() }

    /// Runs `body` on the loop as soon as it turns, whether it runs already or not. Never blocks. From one thread, the
    /// order of calls is the order of running.
    public static func onStart(_ body: @escaping @Sendable @Loop () -> Void) {
        Task(executorPreference: EventLoop.main) { @Loop in body() }
    }

    /// Runs `body` at once, for callbacks that C makes on the loop's thread.
    ///
    /// - Precondition: the caller is on the loop's thread.
    public static func assumeIsolated<T: Sendable>(_ body: @Loop () throws -> T) rethrows -> T {
        EventLoop.main.checkIsolated()
        // The check above is all that `@Loop` in the type promises; the two types have one representation.
        return try withoutActuallyEscaping(body) { body in
            try unsafe unsafeBitCast(body, to: (() throws -> T).self)()
        }
    }
}
