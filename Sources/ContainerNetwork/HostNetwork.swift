public import Linux

/// The network namespace that is the host: the agent's own, or in a test another one.
public struct HostNetwork: Sendable {
    /// Nil: that of the calling thread.
    public let namespace: Descriptor?

    public init(namespace: Descriptor?) { self.namespace = namespace }

    /// Runs `body` where sockets and files of the kernel belong to the host.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws(Errno) -> Value) throws(Errno) -> Value {
        guard let namespace else { return try body() }
        return try NetworkNamespace.run(in: namespace, body)
    }

    /// Gives a file of `/proc/sys/net` a value, unless it has it. False: there is no such file. Idempotent.
    @discardableResult
    public func set(_ path: String, to value: String) throws(Errno) -> Bool {
        try run { () throws(Errno) in try KernelSetting(path).set(value) }
    }
}
