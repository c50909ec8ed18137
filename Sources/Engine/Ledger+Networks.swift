internal import JSON
internal import Linux
internal import Model

/// The networks on disk: one document for each.
extension Ledger {
    /// Writes a network's record, anew or for the first time; atomic and durable.
    func save(_ network: NetworkRecord) async throws {
        try await blocking {
            try write(network, as: "\(network.spec.name).json", in: networks, durable: true)
            try networks.descriptor.synchronize()
        }
    }

    /// Idempotent.
    func remove(_ network: NetworkName) async throws {
        try await blocking {
            try networks.removeIfPresent("\(network).json")
            try networks.descriptor.synchronize()
        }
    }

    /// All networks, and what was wrong. A damaged record is moved to `NAME.json.damaged` and harms no other.
    func loadNetworks() -> (records: [NetworkRecord], problems: [AgentError]) {
        var found: [NetworkRecord] = []
        var problems: [AgentError] = []
        for file in (try? networks.names()) ?? [] where file.hasSuffix(".json") {
            do {
                let bytes = try networks.read(file, limit: 1 << 20)
                let record = try JSONValue(parsing: bytes).decode(NetworkRecord.self, unknownKeys: .ignore)
                guard "\(record.spec.name).json" == file else {
                    throw AgentError(.hostFailed, "it tells of the network \(record.spec.name)")
                }
                found.append(record)
            } catch {
                problems.append(
                    AgentError(.hostFailed, "the record of the network \(file) is damaged").caused(by: error))
                try? networks.rename(file, to: file + ".damaged")
            }
        }
        return (found, problems)
    }
}
