internal import CLinux

/// A run of user or group ids: `count` ids from `inside` in a namespace are those from `outside` around it.
public struct IDMapping: Sendable, Hashable {
    public var inside: UInt32
    public var outside: UInt32
    public var count: UInt32

    public init(inside: UInt32, outside: UInt32, count: UInt32) {
        (self.inside, self.outside, self.count) = (inside, outside, count)
    }

    var line: String { "\(inside) \(outside) \(count)\n" }
}

/// User namespaces without a process in them.
public enum UserNamespace {
    /// A new user namespace with these maps, as a descriptor for id-mapped mounts or `setns`. About 170 us.
    ///
    /// A child that shares our memory waits in it while the maps are written; it is gone on return. Throws
    /// ``Errno/invalid`` when maps overlap or are empty. The mapped ids need CAP_SETUID and CAP_SETGID here.
    public static func make(uidMap: [IDMapping], gidMap: [IDMapping]) throws(Errno) -> Descriptor {
        var pidfd: Int32 = -1
        var stack: UnsafeMutableRawPointer?
        let pid = try check(unsafe davit_hold_user_namespace(&pidfd, &stack))
        defer { if let stack = unsafe stack { unsafe davit_release_user_namespace(pidfd, stack) } }
        let process = try Directory(path: "/proc/\(pid)")
        try process.open("uid_map", .writeOnly).write(uidMap.map(\.line).joined())
        try process.open("gid_map", .writeOnly).write(gidMap.map(\.line).joined())
        return try process.open("ns/user").shared()
    }
}
