import Linux
import Netlink

/// The servers that the host itself asks, from its resolv.conf; read again when that changed.
struct HostServers {
    private struct Version: Equatable {
        var inode: UInt64
        var modified: Int64
        var size: Int64
    }

    private let path: String
    private var version: Version?
    private var servers: [IPAddress] = []

    /// `path` is absolute; links are followed.
    init(path: String) { self.path = path }

    /// At most three, as the C library has them.
    mutating func current() -> [IPAddress] {
        guard let file = try? Directory(path: "/").open(path, [.nonblocking]), let status = try? file.status() else {
            (version, servers) = (nil, [])
            return []
        }
        let now = Version(inode: status.inode, modified: status.modified, size: status.size)
        if now != version, let bytes = try? file.readAll(limit: 1 << 16) {
            servers = Self.servers(in: String(decoding: bytes, as: UTF8.self))
            version = now
        }
        return servers
    }

    static func servers(in text: String) -> [IPAddress] {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split { $0 == " " || $0 == "\t" } }
        let named = lines.filter { $0.first == "nameserver" && $0.count > 1 }
        return Array(named.compactMap { IPAddress(String($0[1])) }.prefix(3))
    }
}
