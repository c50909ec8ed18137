/// Runs work that waits for a disk on the global pool, away from the event loop that its caller prefers.
func blocking<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
    try await aside { try await elsewhere(body) }
}

@concurrent private func elsewhere<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
    try body()
}

/// Lets actors that wait for a disk, such as the image store, work on the global pool instead of the event loop.
func aside<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
    try await withTaskExecutorPreference(globalConcurrentExecutor, operation: body)
}
