internal import JSON
public import Linux
public import Model

/// Does the work on hostile bytes, somewhere else.
public protocol ImageWorker: Sendable {
    /// Performs one job. An error that the job reports is thrown.
    func perform(_ job: ImageJob, source: Descriptor, target: Descriptor?) async throws -> ImageJobReply
}

/// Starts one `davit-image` a job and waits for it on a thread of its own.
public struct ImageProcess: ImageWorker {
    private static let longestReply = 16 << 20
    private static let kill: Int32 = 9

    private let executable: Descriptor

    /// `executable` is `davit-image`, opened with `OpenFlags.path` or for reading.
    public init(executable: Descriptor) { self.executable = executable }

    /// Cancelling the task kills the process.
    public func perform(_ job: ImageJob, source: Descriptor, target: Descriptor?) async throws -> ImageJobReply {
        let (child, reply) = try start(job, [source] + (target.map { [$0] } ?? []))
        return try await withTaskCancellationHandler {
            try await answer(reply, child)
        } onCancel: {
            try? child.send(signal: Self.kill)
        }
    }

    /// The child and the end of its reply pipe; the child's own ends are closed here when this returns.
    private func start(_ job: ImageJob, _ descriptors: [Descriptor]) throws -> (Pidfd, Descriptor) {
        let request = try Pipe().ends()
        let reply = try Pipe().ends()
        let child: Pidfd
        do {
            child = try Process.spawn(
                executable: executable.rawValue, arguments: ["davit-image"], environment: [],
                descriptors: descriptors.map(\.rawValue), standard: [request.reader.rawValue, reply.writer.rawValue]
            ).shared()
        } catch {
            throw AgentError(.hostFailed, "davit-image can't be started", cause: ["\(error)"])
        }
        // A pipe holds 64 kB: the request always fits, so this never waits.
        try request.writer.write(String(json: try JSONValue(encoding: job)) + "\n")
        return (child, reply.reader)
    }

    private func answer(_ reply: Descriptor, _ child: Pidfd) async throws -> ImageJobReply {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.start("davit-image") { continuation.resume(with: Result { try Self.collect(reply, child) }) }
            } catch {
                try? child.send(signal: Self.kill)
                _ = try? child.collect(wait: true)
                continuation.resume(throwing: error)
            }
        }
    }

    /// Blocks until the process has ended.
    private static func collect(_ reply: Descriptor, _ child: Pidfd) throws -> ImageJobReply {
        let bytes = Result { try reply.readAll(limit: longestReply) }
        if case .failure = bytes { try? child.send(signal: kill) }
        let status = try child.collect(wait: true)
        guard let line = try? bytes.get(), line.last == 0x0A, status == .exited(0) else {
            throw AgentError(
                .imageInvalid, "davit-image ended without an answer: the image may need more memory than it is allowed",
                cause: ["\(status.map { "\($0)" } ?? "unknown")"])
        }
        let value = try JSONValue(parsing: line.dropLast(), limits: JSONLimits(bytes: longestReply))
        let answer = try value.decode(ImageJobReply.self)
        if case .failed(let error) = answer { throw error }
        return answer
    }
}
