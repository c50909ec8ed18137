internal import Drivers

/// The texts of the files that every container gets for /etc.
struct EtcFiles {
    var hostname: String
    var attachment: Attachment

    var all: [(name: String, text: String)] {
        [("hostname", hostname + "\n"), ("hosts", hosts), ("resolv.conf", attachment.resolvConf)]
    }

    private var hosts: String {
        let addresses = attachment.addresses.map { $0.prefix { $0 != "/" } }
        let own = addresses.isEmpty ? ["127.0.1.1 \(hostname)"] : addresses.map { "\($0) \(hostname)" }
        let standard = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
        return (standard + own + attachment.hosts).joined(separator: "\n") + "\n"
    }
}
