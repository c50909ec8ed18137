import ArgumentParser
import Model

/// One side of a policy: `world`, or parts with commas between them, each `network=NAME`, `label=NAME=VALUE` or an address.
struct PeerText: Equatable {
    let peer: PolicyPeer

    init(_ text: String) throws {
        guard text != "world" else {
            peer = PolicyPeer(world: true)
            return
        }
        var (peer, labels, addresses) = (PolicyPeer(), [Assignment](), [String]())
        for part in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let word = try Assignment(part)
            switch (word.name, word.value) {
            case ("network", let name?): peer.network = try NetworkName(name)
            case ("label", let label?): labels.append(try Assignment(label))
            case (let address, nil) where address.contains(where: { $0 == "." || $0 == ":" }): addresses.append(address)
            default:
                throw ValidationError(
                    "\"\(part)\" is no part of a policy: write network=NAME, label=NAME=VALUE, ADDRESS[/LENGTH] or world"
                )
            }
        }
        peer.selector = labels.isEmpty ? nil : labels.labels
        peer.addresses = addresses.isEmpty ? nil : addresses
        self.peer = peer
    }
}

extension PeerText: CustomStringConvertible {
    var description: String { Self.text(of: peer) }

    /// What it would be written as; `any` for nobody in particular.
    static func text(of peer: PolicyPeer?) -> String {
        guard let peer else { return "any" }
        if peer.world == true { return "world" }
        let labels = (peer.selector ?? [:]).sorted { $0.key < $1.key }.map { "label=\($0.key)=\($0.value)" }
        let network = peer.network.map { ["network=\($0)"] } ?? []
        return (network + labels + (peer.addresses ?? [])).joined(separator: ",")
    }
}

/// `PORT[-LAST][/transport]`
struct PolicyPortText: Equatable {
    let port: PolicyPort

    init(_ text: String) throws {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let transport = PortMapping.Transport(rawValue: parts.count > 1 ? parts[1] : "tcp"), ends.count <= 2,
            let first = ends.first ?? nil, let last = ends.last ?? nil
        else { throw ValidationError("\"\(text)\" is no port: write PORT[-LAST][/tcp|udp|sctp]") }
        port = PolicyPort(first, through: ends.count == 2 ? last : nil, transport: transport)
    }

    static func text(of port: PolicyPort) -> String {
        "\(port.port)\(port.lastPort.map { "-\($0)" } ?? "")/\(port.transport.rawValue)"
    }
}
