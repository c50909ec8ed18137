internal import JSON
public import Linux
internal import Model

/// What the name server of the networks is told: a file for each network, and one for each connection and service.
///
/// It reads them by itself and outlives the agent, so that nothing here waits for it.
public struct NameBoard: Sendable {
    private let place: Directory
    private let networks: Directory
    private let entries: Directory
    /// Has the name server run, when it does not.
    let wake: @Sendable () -> Void

    /// Makes `names/` in the run directory; idempotent.
    public init(run: Directory, wake: @escaping @Sendable () -> Void) throws(Errno) {
        place = try run.makeDirectories("names", mode: 0o755)
        networks = try place.makeDirectories("networks", mode: 0o755)
        entries = try place.makeDirectories("entries", mode: 0o755)
        self.wake = wake
    }

    /// A network whose containers ask at the host's addresses in it.
    struct Network: Codable {
        var name: String
        var listen: [String]
        var subnets: [String]
        /// Whether what is not ours is asked of the host's own servers.
        var forward: Bool
    }

    /// Names of somebody on a network.
    struct Entry: Codable {
        var owner: String
        var network: String
        var names: [String]
        /// Without a length.
        var addresses: [String]
        /// Who is asked for what these addresses ask and is not ours, instead of the host's servers.
        var servers: [String]?
    }

    func post(_ network: Network) throws { try write(network, network.name, in: networks) }
    func post(_ entry: Entry) throws { try write(entry, Self.key(entry.owner, on: entry.network), in: entries) }
    func takeDown(network: String) throws(Errno) { try networks.removeIfPresent("\(network).json") }
    func takeDown(_ owner: String, on network: String) throws(Errno) {
        try entries.removeIfPresent("\(Self.key(owner, on: network)).json")
    }

    /// Takes down all but these, which stay untouched: nobody is told for a moment that they are not there.
    func keep(networks names: Set<String>, entries keys: Set<String>) throws {
        for (directory, kept) in [(networks, names), (entries, keys)] {
            for file in try directory.names() where !kept.contains(String(file.dropLast(".json".count))) {
                try directory.removeIfPresent(file)
            }
        }
    }

    /// What an entry is kept by.
    static func key(_ owner: String, on network: String) -> String { "\(owner).\(network)" }

    private func write(_ document: some Encodable, _ name: String, in directory: Directory) throws {
        var bytes: [UInt8] = []
        try JSONValue(encoding: document).print(to: &bytes)
        try directory.replaceFile("\(name).json", bytes)
    }

    /// At which of these addresses the name server answers now.
    func listening(of addresses: [String]) -> [String] {
        let there = Set(status?.listening ?? [])
        return addresses.filter { there.contains($0) }
    }

    /// Whether it has told of all these addresses that it listens there, or that it can't.
    func hasWord(of addresses: [String]) -> Bool {
        let told = Set((status?.listening ?? []) + (status?.failed ?? []).map(\.address))
        return told.isSuperset(of: addresses)
    }

    /// What the name server tells of itself.
    private struct Status: Decodable {
        struct Failure: Decodable { var address: String }
        var listening: [String]
        var failed: [Failure]
    }

    /// It is written in place: who reads in the middle of a write finds parts of both texts, so that only what was read
    /// twice counts.
    private var status: Status? {
        var before: [UInt8] = []
        for _ in 0..<64 {
            let bytes = (try? place.readIfPresent("status.json", limit: 1 << 20)) ?? []
            if bytes.isEmpty { return nil }
            if bytes == before, let value = try? JSONValue(parsing: bytes) {
                return try? value.decode(Status.self, unknownKeys: .ignore)
            }
            before = bytes
        }
        return nil
    }
}
