import Linux

/// The network namespace that is the host: the agent's own, or in a test another one.
struct HostNetwork: Sendable {
    /// Nil: that of the calling thread.
    let namespace: Descriptor?

    /// Runs `body` where sockets and files of the kernel belong to the host.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws(Errno) -> Value) throws(Errno) -> Value {
        guard let namespace else { return try body() }
        return try NetworkNamespace.run(in: namespace, body)
    }

    /// Gives a file of `/proc/sys/net` a value, unless it has it. False: there is no such file. Idempotent.
    @discardableResult
    func set(_ path: String, to value: String) throws(Errno) -> Bool {
        try run { () throws(Errno) in try KernelSetting(path).set(value) }
    }
}

/// A file of `/proc/sys/net`, in the namespace of the calling thread.
struct KernelSetting {
    let path: String

    init(_ path: String) { self.path = path }

    /// Without its newline; nil when there is no such file.
    func value() throws(Errno) -> String? {
        guard let bytes = try Directory(path: "/proc/sys/net").readIfPresent(path, limit: 4096) else { return nil }
        return String(decoding: bytes.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Writes only what is not so already: a read-only /proc/sys is well when nothing is to be changed.
    func set(_ wanted: String) throws(Errno) -> Bool {
        guard let value = try value() else { return false }
        if value == wanted { return true }
        try Directory(path: "/proc/sys/net").open(path, .writeOnly).write(wanted)
        return true
    }
}
