internal import Drivers
internal import Linux
internal import Model

extension MountSpec {
    /// The target with one way to write it.
    var place: String { "/" + parts.joined(separator: "/") }

    var parts: [Substring] { target.split(separator: "/").filter { $0 != "." } }
}

extension ContainerRecord {
    /// Those of the spec and a volume for each that only the image declares; outer ones before those inside them.
    var mounts: [MountSpec] {
        let asked = spec.mounts ?? []
        guard let volumes else { return asked.sorted { $0.parts.count < $1.parts.count } }
        let taken = Set(asked.map(\.place))
        let declared = volumes.keys.filter { !taken.contains($0) }.sorted().map { MountSpec(.volume, target: $0) }
        return (asked + declared).sorted { $0.parts.count < $1.parts.count }
    }

    /// Every volume that the container keeps from being removed.
    var volumeNames: [VolumeName] {
        let named = (spec.mounts ?? []).filter { $0.type == .volume }.compactMap(\.source)
        return named.compactMap { try? VolumeName($0) } + (volumes.map { Array($0.values) } ?? [])
    }

    fileprivate func volume(of mount: MountSpec) throws(AgentError) -> VolumeName {
        if let source = mount.source { return try VolumeName(source) }
        guard let name = volumes?[mount.place] else {
            throw AgentError(.volumeNotFound, "the container has no volume for \(mount.target): create it again")
        }
        return name
    }
}

extension PlannedMount {
    fileprivate init(_ source: Source, _ mount: MountSpec) {
        self.init(
            source, target: mount.place, readOnly: mount.readOnly ?? (mount.type == .image),
            recursive: mount.recursive ?? true, propagation: mount.propagation)
    }
}

// MARK: At creation
extension Engine {
    /// Refuses mounts that can't be, before anything is made.
    func check(mountsOf spec: ContainerSpec) async throws {
        if let size = spec.rootSize {
            guard size >= 1 << 16 else { throw AgentError(.requestInvalid, "root_size is in bytes, 65536 at least") }
            try await parts.storage.checkSizes()
        }
        var taken: Set<String> = []
        for mount in spec.mounts ?? [] {
            guard taken.insert(mount.place).inserted else {
                throw AgentError(.mountRefused, "two mounts have the target \(mount.place): leave one out")
            }
            if mount.type == .volume, let source = mount.source { _ = try VolumeName(source) }
        }
    }

    /// A name for each volume that has none.
    func anonymousVolumes(of spec: ContainerSpec, image: ImageConfig) -> [String: VolumeName]? {
        let asked = spec.mounts ?? []
        let taken = Set(asked.map(\.place))
        let declared = image.volumes.map { MountSpec(.volume, target: $0) }.filter {
            !$0.parts.isEmpty && !$0.parts.contains("..") && $0.parts.first != "proc" && !taken.contains($0.place)
        }
        let unnamed = asked.filter { $0.type == .volume && $0.source == nil } + declared
        guard !unnamed.isEmpty else { return nil }
        return Dictionary(unnamed.map { ($0.place, VolumeName.random()) }) { first, _ in first }
    }

    /// The ids of the images that are mounted.
    func mountedImages(of spec: ContainerSpec) async throws -> [String: String]? {
        var ids: [String: String] = [:]
        for mount in spec.mounts ?? [] where mount.type == .image {
            guard let reference = mount.source else { continue }
            ids[reference] = try await parts.images.resolve(reference).id
        }
        return ids.isEmpty ? nil : ids
    }
}

// MARK: At start
extension Engine {
    /// Whether every mount finds its place in a root that can't be written.
    func hasPlaces(for mounts: [MountSpec], in root: Rootfs) async throws -> Bool {
        try await blocking {
            mounts.allSatisfy { mount in
                (try? Directory(root.mount).open(mount.place, .path, resolve: [.inRoot, .noMagicLinks])) != nil
            }
        }
    }

    /// Opens the source of each mount, once.
    ///
    /// - Parameter granted: Bind mounts that the host's own configuration adds: their links are followed.
    func openMounts(of container: Container, root: Rootfs, granted: [MountSpec]) async throws -> [PlannedMount] {
        let mounts = container.record.mounts
        guard !mounts.isEmpty || !granted.isEmpty else { return [] }
        let idMap = try container.record.ids.map { try self.idMap(for: $0) }
        var planned: [PlannedMount] = []
        for mount in mounts {
            let source = try await open(mount, of: container, root: root, idMap: mount.idMap == false ? nil : idMap)
            planned.append(PlannedMount(source, mount))
        }
        for mount in granted {
            let source = try await bind(mount, of: container, idMap: idMap, followingLinks: true)
            planned.append(PlannedMount(.mount(source), mount))
        }
        return planned
    }

    private func open(
        _ mount: MountSpec, of container: Container, root: Rootfs, idMap: Descriptor?
    ) async throws -> PlannedMount.Source {
        switch mount.type {
        case .tmpfs: .tmpfs(size: mount.size, mode: mount.mode)
        case .bind: .mount(try await bind(mount, of: container, idMap: idMap))
        case .volume: .mount(try await volume(mount, of: container, root: root, idMap: idMap))
        case .image: .mount(try await image(mount, of: container, idMap: idMap))
        }
    }

    /// What a container must not bring in from outside, unless it may do everything anyway.
    private func attributes(of container: Container) -> MountAttributes {
        container.record.spec.security?.privileged == true ? [] : [.noSetUID, .noDevices]
    }

    private func bind(
        _ mount: MountSpec, of container: Container, idMap: Descriptor?, followingLinks: Bool = false
    ) async throws -> Descriptor {
        let (source, attributes) = (mount.source ?? "", attributes(of: container))
        let closed = try parts.ledger.closedPlaces()
        return try await blocking {
            let path = try HostPath(source, followingLinks: followingLinks)
            try path.refuse(in: closed)
            return try path.mount(mount, idMap: idMap, attributes: attributes)
        }
    }

    private func image(_ mount: MountSpec, of container: Container, idMap: Descriptor?) async throws -> Descriptor {
        let reference = mount.source ?? ""
        let image = try await parts.images.resolve(container.record.mountedImages?[reference] ?? reference)
        var request = RootfsRequest(
            container: container.id, layers: image.layers, readOnly: true,
            ids: idMap == nil ? nil : container.record.ids,
            idMap: idMap, ephemeral: true)
        request.isBare = true
        return try await parts.storage.prepareRootfs(request).mount
    }

    private func volume(
        _ mount: MountSpec, of container: Container, root: Rootfs, idMap: Descriptor?
    ) async throws -> Descriptor {
        let name = try container.record.volume(of: mount)
        let attributes = attributes(of: container).union(mount.readOnly == true ? .readOnly : [])
        return try await inTurn(name) {
            let opened = try await openOrMake(name, mount, of: container, idMap: idMap)
            if opened.isNew {
                if mount.noCopy != true { try await fill(opened.mount, from: root, mount, of: container) }
                try await parts.storage.settleVolume(name)
            }
            try Mount.change(opened.mount, set: attributes)
            return opened.mount
        }
    }

    private func openOrMake(
        _ name: VolumeName, _ mount: MountSpec, of container: Container, idMap: Descriptor?
    ) async throws -> OpenedVolume {
        let opening = VolumeOpening(name: name, idMap: idMap)
        do { return try await parts.storage.openVolume(opening) } catch let error as AgentError {
            guard error.code == .volumeNotFound else { throw error }
        }
        let isAnonymous = mount.source == nil
        let owner = isAnonymous && container.record.spec.remove ? container.id : nil
        try await make(VolumeRequest(name: name, isAnonymous: isAnonymous, owner: owner))
        return try await parts.storage.openVolume(opening)
    }

    /// Gives a new volume what the container would see at its place without it.
    private func fill(
        _ volume: Descriptor, from root: Rootfs, _ mount: MountSpec, of container: Container
    ) async throws {
        let isKept = !container.record.spec.remove || mount.source != nil
        do {
            try await blocking {
                let resolve: Resolve = [.inRoot, .noMagicLinks]
                guard let source = try? Directory(root.mount).directory(mount.place, resolve: resolve) else { return }
                let target = try Directory(volume).directory(".")
                try TreeCopy.copy(source, into: target)
                // The content before the word that it is there.
                if isKept { try target.descriptor.synchronizeFileSystem() }
            }
        } catch {
            throw AgentError(wrapping: error, "the image's files could not be copied to the volume for \(mount.target)")
        }
    }
}
