internal import CLinux

/// The number of a device, as `8:0`.
public struct DeviceNumber: Sendable, Hashable, CustomStringConvertible {
    public var major: UInt32
    public var minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    public var description: String { "\(major):\(minor)" }
}

/// What `stat` says of a file.
public struct FileStatus: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case regular, directory, symbolicLink, fifo, socket, characterDevice, blockDevice, unknown
    }

    public var kind: Kind
    /// The permission bits, with set-uid, set-gid and sticky: 0 to 0o7777.
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32
    public var links: UInt32
    /// In bytes.
    public var size: Int64
    public var inode: UInt64
    public var device: UInt64
    /// What a device node stands for; 0:0 for all else.
    public var node: DeviceNumber
    /// Nanoseconds since 1970.
    public var modified: Int64

    init(_ directory: Int32, _ path: String, _ flags: Int32) throws(Errno) {
        var raw = davit_status()
        let path = try plain(path)
        try check(unsafe davit_fstatat(directory, path, flags, &raw))
        kind = Self.kinds[raw.mode >> 12] ?? .unknown
        mode = raw.mode & 0o7777
        uid = raw.uid
        gid = raw.gid
        links = raw.links
        size = raw.size
        inode = raw.inode
        device = raw.device
        node = DeviceNumber(major: raw.major, minor: raw.minor)
        modified = raw.modified_ns
    }

    /// S_IFMT >> 12 of `<sys/stat.h>`.
    private static let kinds: [UInt32: Kind] = [
        1: .fifo, 2: .characterDevice, 4: .directory, 6: .blockDevice, 8: .regular, 10: .symbolicLink, 12: .socket,
    ]
}
