internal import DavitDriverKit
internal import Drivers
internal import JSON
internal import Linux
internal import Model

/// The host's own network, with its name resolution.
struct NetworkHost: NetworkDriver {
    struct Configuration: Sendable, Codable {
        /// Where the host's resolv.conf is; default /etc/resolv.conf.
        var resolvConf: String?
        /// Where the host's hosts file is; default /etc/hosts.
        var hosts: String?

        enum CodingKeys: String, CodingKey {
            case hosts
            case resolvConf = "resolv_conf"
        }
    }

    static let identity = DriverIdentity(
        name: "host", version: "0.1.0", isStateless: true,
        configSchema: [
            "type": "object", "additionalProperties": false,
            "properties": ["resolv_conf": ["type": "string"], "hosts": ["type": "string"]],
        ])

    /// A file for name resolution that is longer is none.
    private static let limit = 64 << 10

    private let resolvConf: String
    private let hosts: String

    init(_ configuration: Configuration) {
        resolvConf = configuration.resolvConf ?? "/etc/resolv.conf"
        hosts = configuration.hosts ?? "/etc/hosts"
    }

    func attach(_ request: AttachRequest) async throws -> Attachment {
        if let port = request.ports.first {
            throw AgentError(
                .portRefused,
                "\(port) can't be published: on the host's own network the program opens the host's ports itself, leave the port out or use the network bridge"
            )
        }
        return try Attachment(
            namespace: .host, resolvConf: read(resolvConf),
            hosts: read(hosts).split(separator: "\n").map(String.init).filter(Self.isWorthKeeping))
    }

    func detach(_ request: DetachRequest) async throws {}

    /// The text of a regular file, empty when there is none. Never blocks on a FIFO.
    private func read(_ path: String) throws -> String {
        do {
            let bytes = try Directory(path: "/").readIfPresent(path, limit: Self.limit)
            return String(decoding: bytes ?? [], as: UTF8.self)
        } catch {
            throw AgentError(.driverFailed, "\(path) can't be read for the container's name resolution").caused(
                by: error)
        }
    }

    /// Comments go, and so do the lines for localhost, which every container has anyway.
    private static func isWorthKeeping(_ line: String) -> Bool {
        let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
        return words.count >= 2 && !words.contains("localhost")
    }
}
