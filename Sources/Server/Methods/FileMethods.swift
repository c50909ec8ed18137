internal import Engine
internal import Images
internal import JSON
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// What moves between a container's files and the outside.
struct FileMethods {
    let engine: Engine
    let images: ImageCatalog
    /// Where archives on their way lie, without names.
    let staging: Directory

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(ContainerCopyOut.self) { params, context in
            let packed = try await engine.copyOut(
                of: params.container, path: params.path, name: params.name.map(plainName),
                to: context.required(params.archive))
            return ArchiveInfo(packed)
        }
        router.on(ContainerExport.self) { params, context in
            ArchiveInfo(try await engine.export(params.container, to: context.required(params.archive)))
        }
        router.on(ContainerCopyIn.self) { params, context in
            let extracted = try await engine.copyIn(
                to: params.container, path: params.path, name: params.name.map(plainName),
                from: context.required(params.archive))
            return ContainerCopyIn.Result(size: extracted.size, entries: extracted.entries)
        }
        router.on(ContainerDiff.self) { params, context in
            for change in try await engine.changes(of: params.container) { try await context.emit(change) }
            return Done()
        }
        router.on(ContainerCommit.self) { params, _ in try await commit(params) }
    }

    private func commit(_ params: ContainerCommit.Params) async throws -> ImageInfo {
        let reference = try params.reference.map { try ImageReference($0) }
        let container = try await engine.get(params.container)
        let parent = try await images.store.get(container.image).record
        let commit = ImageCommit(
            parent: parent.id, config: params.changed(parent.config), reference: reference, author: params.author,
            message: params.message, time: Clock.now)
        let (archive, packed) = try await engine.packLayer(
            of: container.id.description, document: try commit.document(on: parent), pause: params.pause ?? true,
            in: staging)
        let image = try await images.commit(commit, archive: archive, packed)
        await engine.tell(.imageCommitted, subject: image.record.id, name: reference?.description)
        return ImageInfo(image)
    }
}

/// One name, not a path.
private func plainName(_ text: String) throws(AgentError) -> String {
    guard !text.isEmpty, text != ".", text != "..", !text.utf8.contains(0x2F), !text.utf8.contains(0) else {
        throw AgentError(.requestInvalid, "name is one file name, not \"\(text)\"")
    }
    return text
}

extension RequestContext {
    func required(_ index: Int) throws(AgentError) -> Descriptor {
        guard let found = try descriptor(index) else {
            throw AgentError(.requestInvalid, "there is no descriptor \(index)")
        }
        return found
    }
}

extension ContainerCommit.Params {
    fileprivate func changed(_ config: ImageConfig) -> ImageConfig {
        var config = config
        config.entrypoint = entrypoint ?? config.entrypoint
        config.command = command ?? config.command
        config.workingDirectory = workingDirectory ?? config.workingDirectory
        config.user = user ?? config.user
        config.stopSignal = stopSignal ?? config.stopSignal
        config.labels.merge(labels ?? [:]) { _, new in new }
        for entry in environment ?? [] {
            let name = entry.prefix { $0 != "=" } + "="
            config.environment.removeAll { $0.hasPrefix(name) }
            config.environment.append(entry)
        }
        return config
    }
}
