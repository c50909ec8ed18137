internal import Drivers
public import Linux
public import Model

extension ImageStore {
    /// Layers of one load that are unpacked at the same time.
    private static let width = 2

    /// Loads from a path on this host. Throws `image.not_found` if there is nothing.
    public func load(path: String, reference: ImageReference? = nil, platform: Platform = .current) async throws
        -> [Image]
    {
        guard path.hasPrefix("/") else {
            throw AgentError(.requestInvalid, "\"\(path)\" is not an absolute path")
        }
        let source: Descriptor
        do {
            // Not blocking: the path may be a FIFO that nobody writes to.
            source = try Directory(path: "/").open(path, [.readOnly, .nonblocking, .noTerminal]).shared()
        } catch Errno.noSuchFile {
            throw AgentError(.imageNotFound, "there is no file \"\(path)\" to load an image from")
        } catch {
            throw AgentError(.imageInvalid, "\"\(path)\" can't be opened", cause: ["\(error)"])
        }
        return try await load(source, reference: reference, platform: platform)
    }

    /// Loads every image for the platform in an OCI layout (directory or tar) or a docker archive (the same).
    ///
    /// All or nothing for each image; idempotent. `reference` names the image instead of the names in the source.
    public func load(
        _ source: Descriptor, reference: ImageReference? = nil, platform: Platform = .current
    ) async throws -> [Image] {
        guard case .images(let found) = try await worker.perform(.inspect(platform), source: source, target: nil) else {
            throw AgentError(.hostFailed, "davit-image gave the wrong answer")
        }
        guard reference == nil || found.count == 1 else {
            throw AgentError(.requestInvalid, "there are \(found.count) images in it: one name can't be given to them")
        }
        var images: [Image] = []
        for image in found { images.append(try await load(image, source, reference)) }
        return images
    }

    func load(_ image: FoundImage, _ source: Descriptor, _ reference: ImageReference?) async throws -> Image {
        let ids = Set(image.layers.map(\.diffID))
        for id in ids { pins[id, default: 0] += 1 }
        do {
            try await unpack(image.layers, source)
            let layers = image.layers.map { ImageRecord.Layer(id: $0.diffID, size: self.layers[$0.diffID] ?? 0) }
            let record = ImageRecord(
                id: image.id, platform: image.platform, config: image.config, layers: layers, loadedAt: Clock.now)
            let kept = try keep(record, reference.map { [$0] } ?? image.names.compactMap(fullName))
            unpin(ids)
            return kept
        } catch {
            unpin(ids)
            for id in ids { try? await collect(id) }
            throw error
        }
    }

    /// A name in an archive may be a tag alone (`latest`): that names nothing.
    private func fullName(_ text: String) -> ImageReference? {
        text.contains { $0 == ":" || $0 == "/" } ? try? ImageReference(text) : nil
    }

    private func unpin(_ ids: Set<LayerID>) {
        for id in ids { pins[id] = pins[id].flatMap { $0 > 1 ? $0 - 1 : nil } }
    }

    // MARK: Layers

    private func unpack(_ layers: [FoundLayer], _ source: Descriptor) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, layer) in layers.enumerated() {
                if index >= Self.width { try await group.next() }
                group.addTask { try await self.unpack(layer, source) }
            }
            try await group.waitForAll()
        }
    }

    /// Unpacks a layer unless it is there. Two loads that want the same one take turns, so the second finds it.
    private func unpack(_ layer: FoundLayer, _ source: Descriptor) async throws {
        await takeTurn(layer.diffID)
        defer { giveTurn(layer.diffID) }
        guard layers[layer.diffID] == nil else { return }
        try Task.checkCancellation()
        try begin(layer.diffID)
        do {
            layers[layer.diffID] = try await make(layer, source)
        } catch {
            try? await storage.removeLayer(layer.diffID)
            try? end(layer.diffID)
            throw error
        }
        try end(layer.diffID)
    }

    private func make(_ layer: FoundLayer, _ source: Descriptor) async throws -> Int64 {
        let draft = try await storage.beginLayer(layer.diffID)
        let job = ImageJob.unpack(LayerJob(layer: layer))
        let answer = try await worker.perform(job, source: source, target: draft.directory)
        guard case .unpacked(let unpacked) = answer, unpacked.diffID == layer.diffID else {
            throw AgentError(.hostFailed, "davit-image gave the wrong answer")
        }
        try await storage.commitLayer(layer.diffID)
        return unpacked.size
    }

    // MARK: Turns

    /// Waits until nobody else works on the layer.
    func takeTurn(_ layer: LayerID) async {
        guard turns[layer] != nil else {
            turns[layer] = []
            return
        }
        await withCheckedContinuation { waiter in
            // Looked at again: the turn may have been given back since the look above.
            if turns[layer] == nil {
                turns[layer] = []
                waiter.resume()
            } else {
                turns[layer]?.append(waiter)
            }
        }
    }

    func giveTurn(_ layer: LayerID) {
        guard let waiting = turns[layer], !waiting.isEmpty else {
            turns[layer] = nil
            return
        }
        turns[layer] = Array(waiting.dropFirst())
        waiting[0].resume()
    }
}
