internal import Engine
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// Output that comes through pipes of our own, for a client without descriptors: its bytes pass the agent as items.
@Loop final class OutputTap {
    private var readers: [(stream: String, end: Descriptor)] = []

    /// Opens what `stdio` lacks. With a terminal there is one stream.
    init(for stdio: inout ContainerStdio, hasTerminal: Bool) throws {
        stdio.stdout = try writer(of: "stdout", stdio.stdout)
        if !hasTerminal { stdio.stderr = try writer(of: "stderr", stdio.stderr) }
    }

    private func writer(of stream: String, _ given: Descriptor?) throws -> Descriptor {
        if let given { return given }
        let (reader, writer) = try Pipe().ends()
        try reader.setNonblocking(true)
        readers.append((stream, reader))
        return writer
    }

    /// Sends all there is until nobody holds the other ends. Waits while the client is slow.
    func send(to context: RequestContext<ExecRun>) async throws {
        while !readers.isEmpty {
            for (index, reader) in readers.enumerated().reversed() {
                do {
                    let bytes = try reader.end.read(upTo: 64 << 10)
                    if bytes.isEmpty {
                        readers.remove(at: index)
                    } else {
                        try await context.emit(OutputChunk(reader.stream, bytes))
                    }
                } catch let error as Errno where error == .wouldBlock {}
            }
            try await untilReadable()
        }
    }

    private func untilReadable() async throws {
        guard !readers.isEmpty else { return }
        let ready = Outcome<Void>()
        let token = ready.token()
        let sources = try readers.map { reader in
            try EventSource.io(reader.end.rawValue, .readable) { _ in ready.settle(.success(())) }
        }
        defer { withExtendedLifetime(sources) {} }
        try await withTaskCancellationHandler {
            try await ready.value(token: token, isolation: Loop.shared)
        } onCancel: {
            Loop.onStart { ready.giveUp(token) }
        }
    }
}

extension OutputChunk {
    init(_ stream: String, _ bytes: [UInt8]) {
        let text = String(validating: bytes, as: UTF8.self)
        self.init(stream: stream, text: text, base64: text == nil ? String(base64: bytes) : nil)
    }
}
