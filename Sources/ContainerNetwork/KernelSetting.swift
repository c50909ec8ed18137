public import Linux

/// A file of `/proc/sys/net`, in the namespace of the calling thread.
public struct KernelSetting: Sendable {
    let path: String

    public init(_ path: String) { self.path = path }

    /// Without its newline; nil when there is no such file.
    public func value() throws(Errno) -> String? {
        guard let bytes = try Directory(path: "/proc/sys/net").readIfPresent(path, limit: 4096) else { return nil }
        return String(decoding: bytes.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Writes only what is not so already: a read-only /proc/sys is well when nothing is to be changed.
    public func set(_ wanted: String) throws(Errno) -> Bool {
        guard let value = try value() else { return false }
        if value == wanted { return true }
        try Directory(path: "/proc/sys/net").open(path, .writeOnly).write(wanted)
        return true
    }
}

extension KernelSetting {
    /// What lets programs of a container bind low ports and ping in a namespace of the host's user namespace, where root
    /// in the container has no right to either (docs/decisions/0002).
    public static let forPrograms = [
        ("ipv4/ip_unprivileged_port_start", "0"), ("ipv4/ping_group_range", "0\t2147483647"),
    ]

    /// Gives values to what is there in the namespace of the calling thread: a kernel without version 6 has no files of it.
    public static func write(_ settings: [(path: String, value: String)]) throws(Errno) {
        let directory = try Directory(path: "/proc/sys/net")
        for (path, value) in settings {
            do { try directory.open(path, .writeOnly).write(value) } catch  where error == .noSuchFile {}
        }
    }
}
