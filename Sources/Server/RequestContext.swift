internal import JSON
public import Linux
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

    /// Tells how far it is; sent at once, never waited for.
    @Loop func progress(_ value: JSONValue) { sink.progress(value) }

    /// The same request seen as another method's.
    func typed<Other: Method>() -> RequestContext<Other> {
        RequestContext<Other>(caller: caller, descriptors: descriptors, sink: sink)
    }
}

/// The connection behind a request.
@Loop protocol RequestSink: AnyObject, Sendable {
    func emit(_ item: JSONValue) async throws
    func progress(_ value: JSONValue)
    /// Gives up another request of the same connection.
    func cancel(_ id: JSONValue) -> Bool
}
