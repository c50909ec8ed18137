import JSON
import Netlink

/// A network as the agent wrote it down.
struct Network: Sendable, Hashable {
    var name: String
    var listen: [IPAddress]
    var subnets: [IPPrefix]
    /// Whether other names are asked of the host's servers.
    var forward: Bool

    /// Nil for a damaged document.
    init?(_ value: JSONValue) {
        guard let name = value["name"]?.string, let listen = value["listen"]?.array,
            let subnets = value["subnets"]?.array
        else { return nil }
        self.name = name
        self.listen = listen.compactMap { $0.string.flatMap { IPAddress($0) } }
        self.subnets = subnets.compactMap { $0.string.flatMap { IPPrefix($0) } }
        forward = value["forward"]?.bool ?? true
        guard self.listen.count == listen.count, self.subnets.count == subnets.count else { return nil }
    }

    /// Whether a query from there is answered.
    func serves(_ source: IPAddress) -> Bool { listen.contains(source) || subnets.contains { $0.contains(source) } }
}

/// Names and addresses of a container or a service on one network.
struct Entry: Sendable, Hashable {
    var owner: String
    var network: String
    /// In small letters.
    var names: [String]
    /// Names that can't be asked for: with letters or of a length that no host name has.
    var unusable: [String]
    var addresses: [IPAddress]
    /// Who is asked for other names instead of the host's servers when these addresses ask; empty for nobody.
    var servers: [IPAddress]

    /// Nil for a damaged document.
    init?(_ value: JSONValue) {
        guard let owner = value["owner"]?.string, let network = value["network"]?.string,
            let names = value["names"]?.array, let addresses = value["addresses"]?.array
        else { return nil }
        (self.owner, self.network) = (owner, network)
        let texts = names.compactMap { $0.string?.lowercased() }
        self.names = texts.filter(Self.isName)
        unusable = texts.filter { !Self.isName($0) }
        self.addresses = addresses.compactMap { $0.string.flatMap { IPAddress($0) } }
        let servers = value["servers"]?.array ?? []
        self.servers = servers.compactMap { $0.string.flatMap { IPAddress($0) } }
        guard texts.count == names.count, self.addresses.count == addresses.count,
            self.servers.count == servers.count
        else { return nil }
    }

    private static func isName(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return text.utf8.count <= 200
            && labels.allSatisfy { label in
                (1...63).contains(label.count)
                    && label.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 45 || $0 == 95
                    }
            }
    }
}
