internal import Linux
public import Model

/// The host's name resolution, as it is of use in a container.
public struct ResolverFile: Sendable {
    let path: String

    /// - Parameter path: Where the host has it, such as `/etc/resolv.conf`.
    public init(path: String) { self.path = path }

    /// Where systemd-resolved has the servers that it asks itself.
    private static let upstream = "/run/systemd/resolve/resolv.conf"
    /// A file that is longer is refused: it is none that a resolver reads.
    private static let limit = 64 << 10

    /// The host's file without servers on its loopback, for that is another one in a container; those that systemd-resolved
    /// asks itself, when none is left. Empty when the host has no file.
    public func text() throws(AgentError) -> String {
        let own = try Self.useful(read(path))
        if own.contains(where: \.isServer) { return Self.text(own) }
        let upstream = try Self.useful(read(Self.upstream))
        return Self.text(upstream.contains(where: \.isServer) ? upstream : own)
    }

    private func read(_ path: String) throws(AgentError) -> String {
        do {
            let bytes = try Directory(path: "/").readIfPresent(path, limit: Self.limit)
            return String(decoding: bytes ?? [], as: UTF8.self)
        } catch {
            throw AgentError(.driverFailed, "\(path) can't be read for the container's name resolution").caused(
                by: error)
        }
    }

    private static func useful(_ text: String) -> [Line] {
        text.split(separator: "\n").compactMap { Line(String($0)) }
    }

    private static func text(_ lines: [Line]) -> String { lines.map { $0.text + "\n" }.joined() }
}

extension ResolverFile {
    /// A line that says something in a container, too.
    private struct Line {
        let text: String
        let isServer: Bool

        init?(_ text: String) {
            let words = text.split { $0 == " " || $0 == "\t" }
            guard let first = words.first, !first.hasPrefix("#"), !first.hasPrefix(";") else { return nil }
            self.text = text
            isServer = first == "nameserver"
            guard isServer, words.count > 1 else { return }
            // A server at a link's own address needs the host's link (%eth0).
            let isHosts = words[1].hasPrefix("127.") || words[1] == "::1" || words[1].contains("%")
            if isHosts { return nil }
        }
    }
}
