internal import Engine
internal import JSON
internal import Linux
internal import Model
internal import Systemd

/// Programs that wait for a connection which shall be their streams.
@Loop final class StreamTokens {
    private var waiting: [String: (uid: UInt32, stream: Outcome<Descriptor>)] = [:]

    /// Tells the caller a token, and answers the socket of the connection that came with it.
    func connection<M>(for context: RequestContext<M>) async throws -> Descriptor {
        let token = Self.newToken()
        let stream = Outcome<Descriptor>()
        waiting[token] = (context.caller.uid, stream)
        defer { waiting[token] = nil }
        let timer = try EventSource.timer(afterMicroseconds: 30_000_000) {
            stream.settle(.failure(AgentError(.streamTokenInvalid, "nobody joined the stream within 30 seconds")))
        }
        defer { withExtendedLifetime(timer) {} }
        context.progress(["token": .string(token)])
        return try await stream.value()
    }

    /// Makes the caller's connection the stream that the token stands for, as soon as it has its answer.
    func join<M>(_ token: String, _ context: RequestContext<M>) throws(AgentError) {
        guard let found = waiting[token], found.uid == context.caller.uid else {
            throw AgentError(
                .streamTokenInvalid, "no program waits for this token: it is good once, for 30 seconds, for one user")
        }
        try context.sink.giveSocket { socket in
            guard let socket else {
                return found.stream.settle(
                    .failure(AgentError(.streamTokenInvalid, "the connection that joined the stream was closed")))
            }
            found.stream.settle(.success(socket))
        }
        waiting[token] = nil
    }

    private static func newToken() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
