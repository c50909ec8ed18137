public import Images
public import Linux
public import Model
internal import Synchronization

/// The image store with a memory of answered look-ups, so that a start does not wait for another actor.
///
/// Every change goes through here, and forgets what was remembered.
public final class ImageCatalog: ImageSource {
    public let store: ImageStore
    private let answers = Mutex<[String: ResolvedImage]>([:])

    public init(store: ImageStore) { self.store = store }

    public func resolve(_ reference: String) async throws -> ResolvedImage {
        if let known = answers.withLock({ $0[reference] }) { return known }
        let image = try await aside { try await store.get(reference) }
        let resolved = ResolvedImage(
            id: image.record.id, layers: image.record.layers.map(\.id), config: image.record.config)
        // Bounded: names that clients ask for must not fill the memory.
        answers.withLock { answers in
            if answers.count >= 256 { answers = [:] }
            answers[reference] = resolved
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

    public func tag(_ name: String, as reference: ImageReference) async throws -> Image {
        defer { forget() }
        return try await aside { try await store.tag(name, as: reference) }
    }

    public func remove(
        _ name: String, isInUse: @Sendable (_ id: String) async -> Bool
    ) async throws -> (untagged: [ImageReference], removed: String?) {
        defer { forget() }
        return try await aside { try await store.remove(name, isInUse: isInUse) }
    }

    private func forget() { answers.withLock { $0 = [:] } }
}
