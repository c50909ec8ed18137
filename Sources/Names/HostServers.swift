import Linux
import Netlink

/// The servers that the host itself asks, from its resolv.conf; read again when that changed.
struct HostServers {
    private struct Version: Equatable {
        var inode: UInt64
        var modified: Int64
        var size: Int64
    }

    /// How long a server that did not answer is asked only after the others.
    private static let penance = Duration.seconds(10)

    private let root: Directory
    private let path: String
    private var version: Version?
    private var servers: [IPAddress] = []
    private var silent: [IPAddress: MonotonicTime] = [:]

    /// `path` is absolute; links are followed.
    init(path: String) throws(Errno) {
        self.path = path
        root = try Directory(path: "/")
    }

    /// At most three, as the C library has them. The last known ones while there is no such file.
    mutating func current() -> [IPAddress] {
        readIfChanged()
        return lastThoseSilent(of: servers)
    }

    /// The same servers, those that did not answer in time behind the others.
    mutating func lastThoseSilent(of servers: [IPAddress]) -> [IPAddress] {
        guard !silent.isEmpty else { return servers }
        silent = silent.filter { $0.value > .now }
        return servers.filter { silent[$0] == nil } + servers.filter { silent[$0] != nil }
    }

    /// A server did not answer in time.
    mutating func noteSilence(of server: IPAddress) { silent[server] = .now.advanced(by: Self.penance) }

    private mutating func readIfChanged() {
        guard let file = try? root.open(path, [.nonblocking]), let status = try? file.status() else { return }
        let now = Version(inode: status.inode, modified: status.modified, size: status.size)
        guard now != version, let bytes = try? file.readAll(limit: 1 << 16) else { return }
        (version, servers) = (now, Self.servers(in: String(decoding: bytes, as: UTF8.self)))
    }

    static func servers(in text: String) -> [IPAddress] {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.split { $0 == " " || $0 == "\t" } }
        let named = lines.filter { $0.first == "nameserver" && $0.count > 1 }
        return Array(named.compactMap { IPAddress(String($0[1])) }.prefix(3))
    }
}
