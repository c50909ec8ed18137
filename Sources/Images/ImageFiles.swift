internal import JSON
internal import Linux
internal import Model

/// The documents of the images below one directory: `HEX.json` an image, `references/NAME.json` a name.
///
/// Each document is written whole and durably, or not at all. One that can't be read is moved to `quarantine/`: it
/// costs one image or one name, never all.
struct ImageFiles: Sendable {
    private static let longest = 4 << 20

    private let images: Directory
    private let names: Directory
    private let quarantine: Directory
    private let drafts: Directory

    struct Name: Codable {
        var reference: ImageReference
        var image: String
    }

    struct Content {
        var records: [ImageRecord] = []
        var names: [Name] = []
        /// Layers that an earlier agent was unpacking when it ended.
        var drafts: [LayerID] = []
        /// What was moved to the quarantine and why, for the log.
        var damaged: [String] = []
    }

    /// Makes the directories that are missing.
    init(_ directory: Directory) throws {
        images = directory
        names = try directory.makeDirectories("references", mode: 0o700)
        quarantine = try directory.makeDirectories("quarantine", mode: 0o700)
        drafts = try directory.makeDirectories("drafts", mode: 0o700)
    }

    var hasQuarantine: Bool { (try? !quarantine.names().isEmpty) ?? true }

    func read() throws -> Content {
        var content = Content()
        var damaged: [String] = []
        content.records = try documents(in: images, "image", &damaged) { $0.fileName }
        content.names = try documents(in: names, "name", &damaged) { $0.reference.fileName }
        content.damaged = damaged
        content.drafts = try drafts.names().compactMap { try? LayerID($0) }
        return content
    }

    func write(_ record: ImageRecord) throws { try replace(record.fileName, in: images, by: record) }

    func remove(_ record: ImageRecord) throws { try remove(record.fileName, in: images) }

    func write(_ name: Name) throws { try replace(name.reference.fileName, in: names, by: name) }

    func remove(_ reference: ImageReference) throws { try remove(reference.fileName, in: names) }

    /// Notes that a layer is being unpacked, so that the next agent can clear it away.
    func begin(_ layer: LayerID) throws { try drafts.replaceFile(layer.description, []) }

    func end(_ layer: LayerID) throws { try remove(layer.description, in: drafts) }

    // MARK: One document

    private func documents<Document: Decodable>(
        in directory: Directory, _ kind: String, _ damaged: inout [String], fileName: (Document) -> String
    ) throws -> [Document] {
        var found: [Document] = []
        for name in try directory.names().sorted() where name.hasSuffix(".json") {
            do {
                let bytes = try directory.read(name, limit: Self.longest)
                let document = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: Self.longest)).decode(
                    Document.self)
                guard fileName(document) == name else {
                    throw AgentError(.imageInvalid, "it describes another \(kind)")
                }
                found.append(document)
            } catch {
                try directory.rename(name, to: name, in: quarantine)
                damaged.append(
                    "the document \(name) of one \(kind) can't be read and was moved to quarantine/: \(error)")
            }
        }
        return found
    }

    private func replace(_ name: String, in directory: Directory, by document: some Encodable) throws {
        let text = String(json: try JSONValue(encoding: document), pretty: true) + "\n"
        try directory.replaceFile(name, Array(text.utf8), mode: 0o600, durable: true)
    }

    private func remove(_ name: String, in directory: Directory) throws {
        do { try directory.remove(name) } catch Errno.noSuchFile {}
    }
}

extension ImageRecord {
    var fileName: String { (id.split(separator: ":").last.map(String.init) ?? id) + ".json" }
}

extension ImageReference {
    /// `/` is the one character of a reference that a file's name can't have, and `+` one that no reference has.
    var fileName: String { String(description.map { $0 == "/" ? "+" : $0 }) + ".json" }
}
