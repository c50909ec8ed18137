public import Drivers
internal import Images
public import JSON
public import Linux
public import Model

/// Copies between a container's files and archives, made and unpacked by the sandboxed helper: what is in a container is
/// hostile, and a link in it never leads onto the host.
extension Engine {
    /// Writes what is at a path of a container as a tar archive, running or not. Owners are the container's own numbers.
    ///
    /// `name` is what the thing is called in the archive. Throws `path.not_found`.
    public func copyOut(
        of target: String, path: String, name: String?, to archive: Descriptor
    ) async throws -> PackedArchive {
        try await withFiles(of: find(target)) { files in
            let job = PackJob(path: path, name: name, firstID: files.firstID)
            return try await self.pack(job, files.root, archive)
        }
    }

    /// Writes the whole root file system, without what is mounted in it.
    public func export(_ target: String, to archive: Descriptor) async throws -> PackedArchive {
        try await withFiles(of: find(target)) { files in
            let job = PackJob(firstID: files.firstID, oneFileSystem: true)
            return try await self.pack(job, files.root, archive)
        }
    }

    /// Unpacks a tar archive at a path of a container, running or not, as cp would copy; see ``ExtractJob``.
    public func copyIn(
        to target: String, path: String, name: String?, from archive: Descriptor
    ) async throws -> ExtractedArchive {
        let container = try find(target)
        return try await withFiles(of: container) { files in
            let count = files.firstID == 0 ? UInt32.max : container.record.ids?.count ?? .max
            let job = ExtractJob(path: path, name: name, firstID: files.firstID, idCount: count)
            let reply = try await self.parts.worker.perform(.extract(job), source: archive, target: files.root)
            guard case .extracted(let extracted) = reply else { throw Engine.wrongAnswer }
            return extracted
        }
    }

    /// What a container wrote, removed or changed in its root.
    public func changes(of target: String) async throws -> [RootfsChange] {
        let container = try find(target)
        return try await parts.storage.changes(of: try await request(for: container))
    }

    private func pack(_ job: PackJob, _ root: Descriptor, _ archive: Descriptor) async throws -> PackedArchive {
        let reply = try await parts.worker.perform(.pack(job), source: archive, target: root)
        guard case .packed(let packed) = reply else { throw Engine.wrongAnswer }
        return packed
    }

    private static let wrongAnswer = AgentError(.hostFailed, "davit-image gave the wrong answer")

    // MARK: The files of a container

    /// A container's root directory, and the first of the host ids that its files show.
    private struct Files {
        var root: Descriptor
        var firstID: UInt32
    }

    /// The root as the main process sees it; of a container that does not run its own alone, and no start comes in
    /// between. A removal breaks that off: the other end of the archive may stand still for ever.
    private func withFiles<Value: Sendable>(
        of container: Container, _ body: @escaping @Sendable (Files) async throws -> Value
    ) async throws -> Value {
        if let pid = container.life.state.pid, let process = container.process {
            let root: Descriptor
            do {
                root = try Directory(path: "/proc/\(pid)/root").descriptor
                // The number was its own as long as it had not ended.
                try process.send(signal: 0)
            } catch {
                throw AgentError(.containerWrongState, "the container is ending", retryable: true).caused(by: error)
            }
            return try await body(Files(root: root, firstID: container.record.ids?.base ?? 0))
        }
        await container.turn.take()
        defer { container.turn.give() }
        guard container.life.state.pid == nil else {
            throw AgentError(.containerWrongState, "the container is being started; try again", retryable: true)
        }
        let rootfs = try await parts.storage.prepareRootfs(try await request(for: container))
        try stillHere(container)
        let copy = Task { try await body(Files(root: rootfs.mount, firstID: 0)) }
        container.breakCopyOff = { copy.cancel() }
        defer { container.breakCopyOff = nil }
        do {
            return try await withTaskCancellationHandler {
                try await copy.value
            } onCancel: {
                copy.cancel()
            }
        } catch {
            try stillHere(container)
            throw error
        }
    }

    /// Its root as the host's ids own it.
    private func request(for container: Container) async throws -> RootfsRequest {
        let image = try await parts.images.resolve(container.record.image)
        return RootfsRequest(
            container: container.id, layers: image.layers, readOnly: container.record.spec.readOnly, ids: nil,
            idMap: nil, ephemeral: false)
    }

    // MARK: Commit

    /// Packs what a container wrote as the uppermost layer of a new image. Its processes stand still meanwhile, unless
    /// `pause` is false, so that the layer is of one moment.
    ///
    /// The archive is a file without a name in `directory`: a crash leaves nothing. Throws `container.wrong_state` when
    /// the container has nothing of its own.
    public func packLayer(
        of target: String, document: JSONValue, pause: Bool, in directory: Directory
    ) async throws -> (archive: Descriptor, PackedArchive) {
        let container = try find(target)
        let layer = try await parts.storage.writtenLayer(of: container.id)
        let archive = try directory.open(".", [.readWrite, .temporary], mode: 0o600).shared()
        // A pause like any other: its probes and its watchdog stand still with it, and a stop lets it go.
        let (run, pauses) = (container.run, pause && container.life.state.phase == .running)
        if pauses { _ = try await self.pause(container.id.description) }
        defer {
            if pauses, container.run == run, case .paused = container.life.state { note(container, .resume) }
        }
        let job = PackJob(isLayer: true, document: document)
        return (archive, try await pack(job, layer.directory, archive))
    }
}
