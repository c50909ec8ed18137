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
        let hostname = container.hostname
        let addresses = (container.record.network?.addresses ?? []).map { $0.prefix { $0 != "/" } }
        let own = addresses.isEmpty ? ["127.0.1.1 \(hostname)"] : addresses.map { "\($0) \(hostname)" }
        let standard = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
        self.init(
            hostname: hostname, hosts: (standard + own + hosts).joined(separator: "\n") + "\n", resolvConf: resolvConf)
    }
}
