public import Images
public import Linux
public import Model
internal import Synchronization

/// The image store with a memory of answered look-ups, so that a start does not wait for another actor.
///
/// Every change goes through here, and forgets what was remembered.
public final class ImageCatalog: ImageSource {
    public let store: ImageStore
    private let memory = Mutex(Memory())

    private struct Memory {
        var answers: [String: ResolvedImage] = [:]
        /// Counts the changes: an answer from before one is not remembered after it.
        var changes = 0
        /// The images whose removal is under way, and how often.
        var leaving: [String: Int] = [:]
    }

    public init(store: ImageStore) { self.store = store }

    public func resolve(_ reference: String) async throws -> ResolvedImage {
        let (known, changes) = memory.withLock { ($0.answers[reference], $0.changes) }
        let image = if let known { known } else { try await find(reference, changes) }
        guard memory.withLock({ $0.leaving[image.id] == nil }) else {
            throw AgentError(.imageNotFound, "the image \"\(reference)\" is being removed", retryable: true)
        }
        return image
    }

    private func find(_ reference: String, _ changes: Int) async throws -> ResolvedImage {
        let image = try await aside { try await store.get(reference) }
        let resolved = ResolvedImage(
            id: image.record.id, layers: image.record.layers.map(\.id), config: image.record.config)
        // Bounded: names that clients ask for must not fill the memory.
        memory.withLock { memory in
            guard memory.changes == changes else { return }
            if memory.answers.count >= 256 { memory.answers = [:] }
            memory.answers[reference] = resolved
        }
        return resolved
    }

    public func load(_ source: Descriptor, reference: ImageReference?, platform: Platform) async throws -> [Image] {
        defer { forget() }
        return try await aside { try await store.load(source, reference: reference, platform: platform) }
    }

    public func load(path: String, reference: ImageReference?, platform: Platform) async throws -> [Image] {
        defer { forget() }
        return try await aside { try await store.load(path: path, reference: reference, platform: platform) }
    }

    /// Makes an image of another's layers and an archive over them.
    public func commit(_ commit: ImageCommit, archive: Descriptor, _ packed: PackedArchive) async throws -> Image {
        defer { forget() }
        return try await aside { try await store.commit(commit, archive: archive, packed) }
    }

    public func tag(_ name: String, as reference: ImageReference) async throws -> Image {
        defer { forget() }
        return try await aside { try await store.tag(name, as: reference) }
    }

    public func remove(
        _ name: String, isInUse: @Sendable (_ id: String) async -> Bool
    ) async throws -> (untagged: [ImageReference], removed: String?) {
        let asked = Asked()
        defer {
            forget()
            for id in asked.ids.withLock({ $0 }) { leave(id, -1) }
        }
        return try await aside {
            try await store.remove(name) { id in
                // Before the question: a container that is made from now on sees that the image leaves, one that was
                // made before is seen by the answer.
                asked.ids.withLock { $0.append(id) }
                leave(id, 1)
                return await isInUse(id)
            }
        }
    }

    private final class Asked: Sendable {
        let ids = Mutex<[String]>([])
    }

    private func leave(_ id: String, _ count: Int) {
        memory.withLock { memory in
            let left = memory.leaving[id, default: 0] + count
            memory.leaving[id] = left == 0 ? nil : left
        }
    }

    private func forget() {
        memory.withLock { memory in
            memory.answers = [:]
            memory.changes += 1
        }
    }
}
