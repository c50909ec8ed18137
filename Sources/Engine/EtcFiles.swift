internal import Model

/// The texts of the files that every container gets for /etc.
struct EtcFiles {
    var hostname: String
    var hosts: String
    var resolvConf: String

    var all: [(name: String, text: String)] {
        [("hostname", hostname + "\n"), ("hosts", hosts), ("resolv.conf", resolvConf)]
    }
}

extension EtcFiles {
    /// Those of a connected container; `hosts` are the lines beyond localhost and its own name.
    init(container: Container, resolvConf: String, hosts: [String]) {
        let standard = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
        let lines = standard + Self.ownLines(of: container) + hosts
        self.init(
            hostname: container.hostname, hosts: lines.joined(separator: "\n") + "\n", resolvConf: resolvConf)
    }

    /// The lines of hosts with the container's own name.
    static func ownLines(of container: Container) -> [String] {
        let addresses = (container.record.network?.addresses ?? []).map { $0.prefix { $0 != "/" } }
        return addresses.isEmpty
            ? ["127.0.1.1 \(container.hostname)"] : addresses.map { "\($0) \(container.hostname)" }
    }

    /// The text with other lines in the place of the old ones; what a program wrote beside them stays. Idempotent.
    static func hosts(_ text: String, replacing old: [String], by new: [String]) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let end = lines.last == "" ? lines.count - 1 : lines.count
        let place = lines.firstIndex { (old + new).contains($0) } ?? end
        lines.removeAll { (old + new).contains($0) }
        lines.insert(contentsOf: new, at: place)
        return lines.joined(separator: "\n")
    }
}
