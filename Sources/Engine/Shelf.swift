internal import JSON
internal import Linux
internal import Model

/// Documents in a directory, one `NAME.json` for each thing.
struct Shelf: Sendable {
    let directory: Directory
    /// What is kept here, in a word.
    let thing: String

    /// Writes a document, anew or for the first time; atomic and durable.
    func save(_ record: some Encodable & Sendable, as name: NetworkName) async throws {
        try await blocking {
            var bytes: [UInt8] = []
            try JSONValue(encoding: record).print(to: &bytes)
            bytes.append(0x0A)
            try directory.replaceFile("\(name).json", bytes, durable: true)
            try directory.descriptor.synchronize()
        }
    }

    /// Idempotent.
    func remove(_ name: NetworkName) async throws {
        try await blocking {
            try directory.removeIfPresent("\(name).json")
            try directory.descriptor.synchronize()
        }
    }

    /// All documents, and what was wrong. A damaged one is moved to `NAME.json.damaged` and harms no other.
    func load<Record: Decodable>(_ name: (Record) -> NetworkName) -> (records: [Record], problems: [AgentError]) {
        var found: [Record] = []
        var problems: [AgentError] = []
        for file in (try? directory.names()) ?? [] where file.hasSuffix(".json") {
            do {
                let bytes = try directory.read(file, limit: 1 << 20)
                let record = try JSONValue(parsing: bytes).decode(Record.self, unknownKeys: .ignore)
                guard "\(name(record)).json" == file else {
                    throw AgentError(.hostFailed, "it tells of the \(thing) \(name(record))")
                }
                found.append(record)
            } catch {
                problems.append(
                    AgentError(.hostFailed, "the record of the \(thing) \(file) is damaged").caused(by: error))
                try? directory.rename(file, to: file + ".damaged")
            }
        }
        return (found, problems)
    }
}
