internal import JSON
public import Linux
internal import Model
internal import Systemd
public import Wire

/// What a method's handler knows beside its parameters.
public struct RequestContext<M: Method>: Sendable {
    public let caller: PeerCredentials
    /// Those that came with the line, in their order; closed with their last reference.
    public let descriptors: [Descriptor]
    let sink: any RequestSink

    /// Sends an item. Waits while the reader is slow; throws `CancellationError` when nobody wants it any more.
    public func emit(_ item: M.Item) async throws { try await sink.emit(JSONValue(encoding: item)) }

    /// Tells how far it is; sent at once, never waited for. The descriptors go with the line.
    @Loop func progress(_ value: JSONValue, _ descriptors: [Descriptor] = []) { sink.progress(value, descriptors) }

    /// Says that the change is made and the request only waits from here on: the caller may leave it as it may leave a
    /// read, which cancels the task; ``parting`` then tells how it left.
    @Loop func onlyWaits() { sink.onlyWaits() }

    /// How the caller left a request that only waits.
    @Loop var parting: Parting? { sink.parting }

    /// The same request seen as another method's.
    func typed<Other: Method>() -> RequestContext<Other> {
        RequestContext<Other>(caller: caller, descriptors: descriptors, sink: sink)
    }
}

/// The connection behind a request.
@Loop protocol RequestSink: AnyObject, Sendable {
    func emit(_ item: JSONValue) async throws
    func progress(_ value: JSONValue, _ descriptors: [Descriptor])
    func onlyWaits()
    var parting: Parting? { get }
    /// After this request's answer the connection's socket is `taker`'s, blocking; nil if it was closed before.
    func giveSocket(to taker: @escaping @Loop (Descriptor?) -> Void) throws(AgentError)
    /// Gives up another request of the same connection.
    func cancel(_ id: JSONValue) -> Bool
}

/// How a request ended before it was done.
enum Parting: Sendable, Hashable {
    case cancelled, gone, stopping
    case late(Duration)

    /// What the caller is answered, if it hears it.
    var error: AgentError {
        switch self {
        case .cancelled, .gone: AgentError(answering: CancellationError())
        case .stopping: AgentError(.agentStopping, "the agent is stopping; ask again in a moment", retryable: true)
        case .late(let limit):
            AgentError(.deadlineExceeded, "it took longer than the \(limit) that the request gave", retryable: true)
        }
    }
}
