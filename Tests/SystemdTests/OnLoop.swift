import Glibc
import Systemd
import TestSupport

/// A pipe, its two descriptors raw, closed at the end of `body`.
func withPipe(_ body: (_ read: Int32, _ write: Int32) async throws -> Void) async throws {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw SystemdError(call: "pipe", errno: errno) }
    defer {
        close(ends[0])
        close(ends[1])
    }
    try await body(ends[0], ends[1])
}

/// A place on the loop for sources and what they saw.
@Loop final class Notebook {
    var sources: [EventSource] = []
    var lines: [String] = []
    nonisolated init() {}
}

/// Calls `body` on the loop and waits until it called `done`.
func onLoop<T: Sendable>(_ body: @escaping @Sendable @Loop (_ done: CheckedContinuation<T, any Error>) throws -> Void)
    async throws -> T
{
    try RunningLoop.start()
    return try await withCheckedThrowingContinuation { done in
        Loop.onStart {
            do { try body(done) } catch { done.resume(throwing: error) }
        }
    }
}
