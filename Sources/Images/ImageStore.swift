public import Drivers
public import Linux
internal import Model

/// The images of this host: what they are in documents of JSON, their layers in the storage driver.
///
/// A layer that several images have is unpacked once. The agent may be killed at any instant: what was half made is
/// swept when the store is opened again.
public actor ImageStore {
    private let files: ImageFiles
    let storage: any StorageDriver
    let worker: any ImageWorker
    private var records: [String: ImageRecord] = [:]
    private var names: [ImageReference: String] = [:]
    /// The layers that the storage driver has, and their sizes.
    var layers: [LayerID: Int64] = [:]
    /// How many loads under way count on a layer.
    var pins: [LayerID: Int] = [:]
    /// The layers that somebody works on, and who waits to.
    var turns: [LayerID: [CheckedContinuation<Void, Never>]] = [:]
    /// What was wrong in the directory when it was opened, a line each, for the log.
    public nonisolated let problems: [String]

    /// Reads the documents in `directory`. Call ``sweep()`` before the first load.
    public init(directory: Directory, storage: any StorageDriver, worker: any ImageWorker) async throws {
        files = try ImageFiles(directory)
        self.storage = storage
        self.worker = worker
        let content = try files.read()
        problems = content.damaged
        for record in content.records { records[record.id] = record }
        for name in content.names where records[name.image] != nil { names[name.reference] = name.image }
        let there = Set(try await storage.layers())
        for layer in content.records.flatMap(\.layers) where there.contains(layer.id) { layers[layer.id] = layer.size }
    }

    /// Removes what an earlier agent left half made, and every layer that no image has. Idempotent.
    ///
    /// While something is in quarantine only drafts go: the layers may belong to what is there.
    public func sweep() async throws {
        let drafts = try files.read().drafts
        for draft in drafts {
            try await collect(draft)
            try files.end(draft)
        }
        guard !files.hasQuarantine else { return }
        for layer in try await storage.layers() where layers[layer] == nil { try await collect(layer) }
    }

    // MARK: Reading

    /// The newest first.
    public func list() -> [Image] {
        records.values.sorted { ($0.loadedAt, $0.id) > ($1.loadedAt, $1.id) }.map(image)
    }

    /// By reference, by id, or by the unique beginning of an id, with or without `sha256:`. Throws `image.not_found`.
    public func get(_ name: String) throws -> Image { image(try find(name)) }

    // MARK: Changing

    /// Gives an image one more name, which moves if another image had it. Idempotent, atomic, durable.
    @discardableResult
    public func tag(_ name: String, as reference: ImageReference) throws -> Image {
        let record = try find(name)
        try give(reference, to: record)
        return image(record)
    }

    /// Takes a name off an image, or all of them when `name` is an id; with its last name the image goes.
    ///
    /// Throws `image.in_use` if `isInUse` says so of an image that would go.
    public func remove(
        _ name: String, isInUse: @Sendable (_ id: String) async -> Bool
    ) async throws -> (untagged: [ImageReference], removed: String?) {
        let record = try find(name)
        let all = image(record).references
        let one = (try? ImageReference(name)).flatMap { names[$0] == record.id ? $0 : nil }
        let leaving = one.map { [$0] } ?? all
        guard leaving.count == all.count else { return (try untag(leaving), nil) }
        if await isInUse(record.id) {
            throw AgentError(.imageInUse, "\"\(name)\" is in use by a container: remove the container first")
        }
        let untagged = try untag(leaving)
        guard image(record).references.isEmpty, records[record.id] != nil else { return (untagged, nil) }
        try files.remove(record)
        records[record.id] = nil
        for layer in Set(record.layers.map(\.id)) { try await collect(layer) }
        return (untagged, record.id)
    }

    // MARK: For loads

    /// Makes an image known, with its names. Its layers are there.
    func keep(_ record: ImageRecord, _ references: [ImageReference]) throws -> Image {
        // Loaded again: the same image; it keeps its first time.
        let known = records[record.id] ?? record
        try files.write(known)
        records[known.id] = known
        for reference in references { try give(reference, to: known) }
        return image(known)
    }

    func begin(_ layer: LayerID) throws { try files.begin(layer) }
    func end(_ layer: LayerID) throws { try files.end(layer) }

    /// Removes a layer that neither an image nor a load counts on.
    func collect(_ layer: LayerID) async throws {
        await takeTurn(layer)
        defer { giveTurn(layer) }
        guard pins[layer] == nil, !records.values.contains(where: { $0.layers.contains { $0.id == layer } }) else {
            return
        }
        layers[layer] = nil
        try await storage.removeLayer(layer)
    }

    // MARK: Names

    private func give(_ reference: ImageReference, to record: ImageRecord) throws {
        guard names[reference] != record.id else { return }
        try files.write(ImageFiles.Name(reference: reference, image: record.id))
        names[reference] = record.id
    }

    private func untag(_ references: [ImageReference]) throws -> [ImageReference] {
        for reference in references {
            try files.remove(reference)
            names[reference] = nil
        }
        return references
    }

    private func image(_ record: ImageRecord) -> Image {
        let references = names.filter { $0.value == record.id }.keys.sorted { $0.description < $1.description }
        return Image(record: record, references: references)
    }

    private func find(_ name: String) throws -> ImageRecord {
        if let record = records[name] { return record }
        if let reference = try? ImageReference(name), let record = names[reference].flatMap({ records[$0] }) {
            return record
        }
        let digits = name.hasPrefix("sha256:") ? String(name.dropFirst(7)) : name
        let matches = digits.utf8.count < 3 ? [] : records.values.filter { $0.id.dropFirst(7).hasPrefix(digits) }
        guard matches.count < 2 else {
            throw AgentError(
                .imageNotFound, "\"\(name)\" is the beginning of \(matches.count) image ids: write more of it")
        }
        guard let match = matches.first else {
            throw AgentError(.imageNotFound, "there is no image \"\(name)\": see `davit images`, or load it")
        }
        return match
    }
}
