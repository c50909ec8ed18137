/// How a container shall be connected to one network.
public struct NetworkConnection: Sendable, Hashable, Codable {
    /// A network's name, `default`, or `container:` with the name or id of a container whose network it shares.
    public var network: String
    /// Addresses that it shall have, at most one of each version, without a length; others are chosen.
    public var addresses: [String]?
    /// Such as `02:42:ac:11:00:02`; otherwise one is chosen.
    public var mac: String?
    /// Names beside its own by which others on the network find it.
    public var aliases: [String]?
    public var bandwidth: Bandwidth?

    public init(_ network: String) { self.network = network }

    /// Says that the agent chooses, and is no network's name.
    public static let defaultName = "default"

    /// The container whose network it shares.
    public var sharedContainer: String? {
        network.hasPrefix("container:") ? String(network.dropFirst("container:".count)) : nil
    }

    /// What can't be in it; `nil` when all is well.
    var problem: String? {
        let isShared = sharedContainer != nil
        if isShared, addresses != nil || mac != nil || aliases != nil || bandwidth != nil {
            return "a container that shares another's network has no addresses, names or limits of its own"
        }
        if let name = aliases?.first(where: { !Self.isHostName($0) }) {
            return
                "the alias \"\(name)\" is no host name: use up to 63 letters, digits, - and _, with dots between such parts"
        }
        return bandwidth?.problem
    }

    /// Parts of 1 to 63 letters, digits, `-` and `_` with dots between them, 253 bytes at most.
    static func isHostName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...253).contains(text.utf8.count) else { return false }
        return parts.allSatisfy { part in
            (1...63).contains(part.count) && part.first != UInt8(ascii: "-")
                && part.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}

/// How much may pass a container's connection, as the container sees it.
public struct Bandwidth: Sendable, Hashable, Codable {
    /// Bytes a second into the container, 1024 or more; `nil`: as much as comes.
    public var ingress: Int64?
    /// Bytes a second out of it, 1024 or more.
    public var egress: Int64?

    public init(ingress: Int64? = nil, egress: Int64? = nil) {
        self.ingress = ingress
        self.egress = egress
    }

    var problem: String? {
        let isWell = [ingress, egress].allSatisfy { $0.map { (1024...(1 << 40)).contains($0) } ?? true }
        return isWell ? nil : "a bandwidth is 1024 bytes a second or more"
    }
}
