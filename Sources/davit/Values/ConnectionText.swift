import ArgumentParser
import Model

/// `network[:ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS,alias=NAME,ingress=RATE,egress=RATE]`, podman's words for a connection, and
/// `container:NAME`.
struct ConnectionText: Equatable {
    var connection: NetworkConnection

    init(_ text: String) throws {
        guard !text.isEmpty else { throw ValidationError("the network's name is empty") }
        guard !text.hasPrefix("container:"), let colon = text.firstIndex(of: ":") else {
            connection = NetworkConnection(text)
            return
        }
        connection = NetworkConnection(String(text[..<colon]))
        for option in text[text.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false) {
            let halves = option.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2 else {
                throw ValidationError("\"\(option)\" is no option of a network: write \(Self.words)")
            }
            try connection.set(halves[0], to: halves[1])
        }
    }

    static let words = "ip=, ip6=, mac=, alias=, ingress= or egress=, with commas between them"
}

extension NetworkConnection {
    /// Throws for a key that there is not.
    mutating func set(_ key: String, to value: String) throws {
        switch key {
        case "ip", "ip6": addresses = (addresses ?? []) + [value]
        case "mac": mac = value
        case "alias": aliases = (aliases ?? []) + [value]
        case "ingress": bandwidth = Bandwidth(ingress: try Rate(value).bytes, egress: bandwidth?.egress)
        case "egress": bandwidth = Bandwidth(ingress: bandwidth?.ingress, egress: try Rate(value).bytes)
        default: throw ValidationError("a network has no option \"\(key)\": write \(ConnectionText.words)")
        }
    }
}

/// What passes in a second: bits as `10mbit`, `1gbit`, `500kbit`, or bytes as `1m`, `500k`.
struct Rate: Equatable {
    let bytes: Int64

    init(_ text: String) throws {
        let units: [(String, Int64)] = [("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000), ("bit", 1)]
        let word = text.lowercased()
        guard let unit = units.first(where: { word.hasSuffix($0.0) }) else {
            bytes = try MemorySize(text).bytes
            return
        }
        guard let number = Int64(word.dropLast(unit.0.count)), number > 0, number <= Int64.max / unit.1 else {
            throw ValidationError("\"\(text)\" is no rate: write 10mbit, 1gbit, or bytes such as 500k")
        }
        bytes = number * unit.1 / 8
    }
}
