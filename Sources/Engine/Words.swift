internal import JSON
internal import Linux
internal import Model

/// What a program, and the probes of it, have said in the present run. It lies in the run directory, where the next agent
/// finds it.
struct Words: Sendable, Hashable, Codable {
    var ready: Bool?
    var message: String?
    var health: HealthStatus?
}

extension Engine {
    /// Writes them to a tmpfs, whenever a word changes that somebody may wait for.
    func keepWords(of container: Container) {
        let words = Words(ready: container.ready, message: container.message, health: container.health)
        do { try parts.ledger.run(of: container.id)?.keep(words) } catch {
            parts.complain(AgentError(wrapping: error, "the container's health was not noted"), container.id)
        }
    }
}

extension RunDirectory {
    static let wordsName = "words"

    func keep(_ words: Words) throws {
        var bytes: [UInt8] = []
        try JSONValue(encoding: words).print(to: &bytes)
        try directory.replaceFile(Self.wordsName, bytes)
    }

    func words() -> Words? {
        guard let bytes = try? directory.read(Self.wordsName, limit: 65536) else { return nil }
        return try? JSONValue(parsing: bytes).decode(Words.self, unknownKeys: .ignore)
    }
}
