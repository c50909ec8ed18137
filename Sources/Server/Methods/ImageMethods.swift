internal import Engine
internal import Images
internal import Linux
internal import Model
internal import Systemd
internal import Wire

struct ImageMethods {
    let images: ImageCatalog
    let engine: Engine

    @Loop func register(on router: Router) {
        let (images, engine) = (images, engine)
        router.on(ImageLoad.self) { params, context in
            let loaded = try await load(params, from: context)
            for image in loaded { await engine.tell(.imageLoaded, of: image) }
            return ImageLoad.Result(images: loaded.map(ImageInfo.init))
        }
        router.on(ImageList.self) { _, _ in
            ImageList.Result(images: await images.store.list().map(ImageInfo.init))
        }
        router.on(ImageGet.self) { params, _ in ImageInfo(try await images.store.get(params.image)) }
        router.on(ImageTag.self) { params, _ in
            let image = try await images.tag(params.image, as: ImageReference(params.reference))
            await engine.tell(.imageTagged, of: image)
            return ImageInfo(image)
        }
        router.on(ImageRemove.self) { params, _ in
            let (untagged, removed) = try await images.remove(params.image) { await engine.uses(image: $0) != nil }
            if let removed { await engine.tell(.imageRemoved, subject: removed) }
            return ImageRemove.Result(untagged: untagged.map(\.description), removed: removed)
        }
    }

    private func load(
        _ params: ImageLoad.Params, from context: RequestContext<ImageLoad>
    ) async throws -> [Image] {
        let reference = try params.reference.map { try ImageReference($0) }
        let platform = try params.platform.map { try Platform($0) } ?? .current
        if let source = try context.descriptor(params.source) {
            return try await images.load(source, reference: reference, platform: platform)
        }
        guard let path = params.path else {
            throw AgentError(.requestInvalid, "give source (the index of a descriptor) or path")
        }
        return try await images.load(path: path, reference: reference, platform: platform)
    }
}

extension Engine {
    fileprivate func tell(_ kind: Event.Kind, of image: Image) {
        tell(kind, subject: image.record.id, name: image.references.first?.description)
    }
}

extension ImageInfo {
    init(_ image: Image) {
        let record = image.record
        let config = record.config
        self.init(
            id: record.id, references: image.references.map(\.description), platform: record.platform.description,
            size: record.size, layers: record.layers.map(\.id), loadedAt: record.loadedAt,
            entrypoint: config.entrypoint, command: config.command, environment: config.environment,
            workingDirectory: config.workingDirectory, user: config.user, stopSignal: config.stopSignal,
            labels: config.labels)
    }
}
