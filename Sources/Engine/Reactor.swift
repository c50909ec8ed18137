public import Linux

/// The event loop, as far as the engine needs it. Handlers run on the engine's own executor.
public protocol Reactor: Sendable {
    /// Calls `handler` whenever the descriptor is readable or hung up, until the watch is dropped.
    func watch(_ descriptor: Descriptor, _ handler: @escaping @Sendable () -> Void) throws -> any Watch
    /// Calls `handler` once.
    func after(_ delay: Duration, _ handler: @escaping @Sendable () -> Void) throws -> any Watch
}

/// Something that goes on until it is dropped.
public protocol Watch: AnyObject, Sendable {}
