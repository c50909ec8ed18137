/// Where a socket of a ``ListenSpec`` listens.
public enum ListenAddress: Sendable, Hashable {
    case tcp(address: String, port: UInt16)
    case udp(address: String, port: UInt16)
    /// On the host.
    case unix(path: String)

    /// `tcp:ADDRESS:PORT`, `tcp:[ADDRESS]:PORT`, `tcp:PORT` for every address, the same for `udp`, and `unix:PATH`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "unix":
            // sun_path holds 107 bytes and its end.
            guard parts[1].hasPrefix("/"), parts[1].utf8.count <= 107, !parts[1].utf8.contains(0) else { return nil }
            self = .unix(path: parts[1])
        case "tcp", "udp":
            guard let (address, port) = Self.split(parts[1]) else { return nil }
            self = parts[0] == "tcp" ? .tcp(address: address, port: port) : .udp(address: address, port: port)
        default: return nil
        }
    }

    private static func split(_ text: String) -> (String, UInt16)? {
        guard let colon = text.lastIndex(of: ":") else {
            return UInt16(text).flatMap { $0 > 0 ? ("0.0.0.0", $0) : nil }
        }
        guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return nil }
        var address = text[..<colon]
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        let isNumeric = address.utf8.allSatisfy {
            (0x30...0x3A).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2E
        }
        return address.isEmpty || !isNumeric ? nil : (String(address), port)
    }
}

extension ListenSpec {
    static func problem(of all: [ListenSpec]) -> String? {
        if all.count > 64 { return "listen: 64 sockets at most" }
        return all.lazy.compactMap(\.problem).first
    }

    private var problem: String? {
        if ListenAddress(address) == nil {
            return "listen: write tcp:ADDRESS:PORT, udp:ADDRESS:PORT or unix:PATH, with numbers, not names"
        }
        // sd_listen_fds(3): what a name may hold; a colon is between two of them in LISTEN_FDNAMES.
        let isPlain = name.map { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A } } ?? true
        guard isPlain, (1...255).contains(name?.utf8.count ?? 1) else {
            return "listen: a name has 1 to 255 visible ASCII characters and no colon"
        }
        return nil
    }
}
