import Model

/// Finds the images of a source that serve a platform.
struct Inspection {
    private static let deepest = 4
    private static let mostImages = 100
    /// What overlayfs takes.
    private static let mostLayers = 500

    let source: ImageSource
    let wanted: Platform
    private var found: [FoundImage] = []
    /// What the source has for other platforms, for the message.
    private var others: Set<String> = []
    private var visited = 0

    init(source: ImageSource, wanted: Platform) {
        self.source = source
        self.wanted = wanted
    }

    /// Throws `image.platform_missing` if there is none.
    mutating func images() throws -> [FoundImage] {
        if let index = try source.document(OCI.Index.self, at: "index.json") {
            for descriptor in index.document.manifests { _ = try visit(descriptor, named: [], depth: 0) }
        } else if let entries = try source.document([OCI.DockerEntry].self, at: "manifest.json") {
            for entry in entries.document { try add(docker(entry)) }
        } else {
            throw AgentError(
                .imageInvalid,
                "this is no image: it has neither index.json (OCI layout) nor manifest.json (docker save)")
        }
        guard found.isEmpty else { return found }
        let there = others.isEmpty ? "no image at all" : others.sorted().prefix(20).joined(separator: ", ")
        throw AgentError(.imagePlatformMissing, "there is no image for \(wanted) in it; there is \(there)")
    }

    private mutating func add(_ image: FoundImage?) throws {
        guard let image else { return }
        guard found.count < Self.mostImages else {
            throw AgentError(.imageTooLarge, "the archive has more than \(Self.mostImages) images")
        }
        guard let same = found.firstIndex(where: { $0.id == image.id }) else { return found.append(image) }
        found[same].names += image.names.filter { !found[same].names.contains($0) }
    }

    // MARK: OCI layout

    /// Answers whether an image for the platform was found at or below the descriptor.
    private mutating func visit(_ descriptor: OCI.Descriptor, named names: [String], depth: Int) throws -> Bool {
        visited += 1
        guard depth < Self.deepest, visited < 1000 else {
            throw AgentError(.imageTooLarge, "the index of the image is too deep or too long")
        }
        let names = descriptor.names.isEmpty ? names : descriptor.names
        switch descriptor.mediaType ?? "application/vnd.oci.image.manifest.v1+json" {
        case let type where OCI.indexTypes.contains(type):
            for child in try required(OCI.Index.self, descriptor).manifests {
                if try visit(child, named: names, depth: depth + 1) { return true }
            }
            return false
        case let type where OCI.manifestTypes.contains(type):
            guard let image = try image(descriptor, names) else { return false }
            try add(image)
            return true
        default:
            others.insert("something of type \((descriptor.mediaType ?? "").prefix(100))")
            return false
        }
    }

    /// `nil` if the manifest is of another platform.
    private mutating func image(_ descriptor: OCI.Descriptor, _ names: [String]) throws -> FoundImage? {
        if let platform = descriptor.platform?.platform, !platform.serves(wanted) {
            note(platform)
            return nil
        }
        let manifest = try required(OCI.Manifest.self, descriptor)
        guard manifest.config.mediaType.map(OCI.configTypes.contains) ?? true else {
            others.insert("an artifact that is no image")
            return nil
        }
        let config = try required(OCI.Config.self, manifest.config)
        guard let platform = try served(config) else { return nil }
        let layers = try zip(manifest.layers, diffIDs(config, count: manifest.layers.count)).map { try layer($0, $1) }
        return FoundImage(
            id: manifest.config.digest, names: names, platform: platform, config: config.config ?? ImageConfig(),
            layers: layers)
    }

    private func required<Document: Decodable>(_ type: Document.Type, _ descriptor: OCI.Descriptor) throws -> Document {
        guard let (document, _) = try source.document(type, at: descriptor.path(), is: descriptor) else {
            throw AgentError(.imageInvalid, "the blob \(descriptor.digest) is missing")
        }
        return document
    }

    private func layer(_ descriptor: OCI.Descriptor, _ diffID: LayerID) throws -> FoundLayer {
        let mediaType = descriptor.mediaType ?? "application/vnd.oci.image.layer.v1.tar"
        _ = try LayerCoding(mediaType: mediaType)
        guard let file = try source.file(descriptor.path()) else {
            throw AgentError(.imageInvalid, "the layer \(descriptor.digest) is missing")
        }
        try descriptor.check(size: file.size)
        return FoundLayer(
            path: file.path, offset: file.offset, size: file.size, mediaType: mediaType, digest: descriptor.digest,
            diffID: diffID)
    }

    // MARK: Docker archive

    private mutating func docker(_ entry: OCI.DockerEntry) throws -> FoundImage? {
        guard let (config, digest) = try source.document(OCI.Config.self, at: entry.config) else {
            throw AgentError(.imageInvalid, "the configuration \"\(entry.config.prefix(200))\" is missing")
        }
        guard let platform = try served(config) else { return nil }
        let layers = try zip(entry.layers, diffIDs(config, count: entry.layers.count)).map { path, diffID in
            guard let file = try source.file(path) else {
                throw AgentError(.imageInvalid, "the layer \"\(path.prefix(200))\" is missing")
            }
            return FoundLayer(path: file.path, offset: file.offset, size: file.size, diffID: diffID)
        }
        return FoundImage(
            id: digest, names: entry.names ?? [], platform: platform, config: config.config ?? ImageConfig(),
            layers: layers)
    }

    // MARK: Both

    /// The image's platform; `nil`, and noted, if it isn't the wanted one.
    private mutating func served(_ config: OCI.Config) throws -> Platform? {
        let words = [config.os, config.architecture] + [config.variant ?? ""].filter { !$0.isEmpty }
        guard let platform = try? Platform(words.joined(separator: "/")) else {
            throw AgentError(.imageInvalid, "the image's platform can't be understood")
        }
        if platform.serves(wanted) { return platform }
        note(platform)
        return nil
    }

    /// Attestations beside an image are listed as `unknown/unknown`: they are nothing that somebody could ask for.
    private mutating func note(_ platform: Platform) {
        if platform.os != "unknown" { others.insert("\(platform)") }
    }

    private func diffIDs(_ config: OCI.Config, count: Int) throws -> [LayerID] {
        let all = config.rootfs.diffIDs
        guard all.count == count else {
            throw AgentError(.imageInvalid, "the image lists \(count) layers but the diff_ids of \(all.count)")
        }
        guard count <= Self.mostLayers else {
            throw AgentError(.imageTooLarge, "the image has \(count) layers; \(Self.mostLayers) are the most")
        }
        return try all.map { text in
            guard text.hasPrefix("sha256:") else { throw AgentError(.imageInvalid, "a diff_id is no sha256 digest") }
            return try LayerID(String(text.dropFirst(7)))
        }
    }
}
