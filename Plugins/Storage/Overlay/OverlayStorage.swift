public import Drivers
import JSON
import Linux
public import Model

/// What the overlay driver can be told.
public struct OverlayConfiguration: Sendable, Codable {
    /// The directory of layers and root file systems, absolute. The host's mount table never shows what is made of it.
    public var root = "/var/lib/davit/storage"

    public init() {}

    public init(root: String) { self.root = root }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        root = try values.decodeIfPresent(String.self, forKey: .root) ?? root
    }
}

/// Storage by overlayfs: layers as directories, root file systems as detached overlay mounts. Concurrent.
///
/// All state is the directories themselves, see `Store`; what a crash leaves over is swept at the next start.
public final class OverlayStorage: StorageDriver {
    /// What is there once the storage is in use.
    private struct Rooms: Sendable {
        let store: Store
        let mounts: MountRoom
    }

    private let path: String
    private let byDescriptor: Bool
    private let rooms = Guarded<Rooms?>(nil)

    /// Touches nothing yet: the first call opens the directory, and makes it if need be. Needs CAP_SYS_ADMIN then.
    ///
    /// Throws `config.invalid`.
    public convenience init(_ configuration: OverlayConfiguration) throws {
        try self.init(configuration, byDescriptor: true)
    }

    /// - Parameter byDescriptor: False takes the way of kernels before 6.13 on any.
    init(_ configuration: OverlayConfiguration, byDescriptor: Bool) throws {
        path = configuration.root
        self.byDescriptor = byDescriptor
        guard path.hasPrefix("/") else {
            throw AgentError(.configInvalid, "storage driver overlay: root \"\(path)\" must start with /")
        }
    }

    deinit { rooms.withLock { $0?.store.close() } }

    private var store: Store { get throws { try open().store } }

    private func open() throws -> Rooms {
        try rooms.withLock { rooms in
            if let rooms { return rooms }
            let opened = try attempting("open the storage directory \(path)") {
                Rooms(store: try Store(path), mounts: try MountRoom(path, byDescriptor: byDescriptor))
            }
            rooms = opened
            return opened
        }
    }

    /// Opens the storage and sweeps what a crash left over, before anybody waits for it.
    public func recover(_ handles: [ContainerHandle]) async throws { _ = try open() }

    public func status() async throws -> DriverStatus {
        let stuck = rooms.withLock { $0?.store.trash.stuck ?? 0 }
        let message = stuck == 0 ? "ready" : "\(stuck) removed directories resist; they are tried again after a restart"
        return DriverStatus(healthy: true, message: message)
    }

    public func collect(valid: Set<ContainerID>) async throws -> [String] {
        try attempting("remove root file systems that belong to no container") {
            let store = try store
            let kept = Set(valid.map(\.description))
            let others = try store.containers.names().filter { !kept.contains($0) }
            for name in others { try store.trash.take(name, from: store.containers) }
            return try others.sorted() + VolumeShelf(store).collect(valid: valid)
        }
    }
}

// MARK: Layers
extension OverlayStorage {
    public func beginLayer(_ id: LayerID) async throws -> LayerDraft {
        try attempting("begin layer \(id)") {
            let (store, name) = (try store, id.description)
            try store.trash.take(name, from: store.drafts)
            try store.drafts.makeDirectory(name, mode: 0o755)
            let draft = try store.drafts.directory(name)
            // The umask took bits, and all users of a container must enter its root directory.
            try draft.descriptor.changeMode(0o755)
            return LayerDraft(directory: draft.descriptor)
        }
    }

    public func commitLayer(_ id: LayerID) async throws {
        try attempting("commit layer \(id)") {
            let (store, name) = (try store, id.description)
            if try store.layers.statusIfPresent(name) != nil {
                try store.trash.take(name, from: store.drafts)
                return
            }
            guard try store.drafts.statusIfPresent(name) != nil else {
                throw AgentError(.driverFailed, "layer \(id) was not begun, so it can't be committed")
            }
            // First the content, then the name: after a power cut a layer is whole or not there.
            try store.drafts.descriptor.synchronizeFileSystem()
            try store.drafts.renameExclusively(name, to: name, in: store.layers)
            try store.layers.descriptor.synchronize()
        }
    }

    public func removeLayer(_ id: LayerID) async throws {
        try attempting("remove layer \(id)") {
            let store = try store
            for directory in [store.drafts, store.layers] { try store.trash.take(id.description, from: directory) }
        }
    }

    public func layers() async throws -> [LayerID] {
        try attempting("list the layers") { try store.layers.names().compactMap { try? LayerID($0) } }
    }
}

// MARK: Root file systems
extension OverlayStorage {
    /// A container's files of an earlier run are kept, unless it is ephemeral: then it begins anew.
    public func prepareRootfs(_ request: RootfsRequest) async throws -> Rootfs {
        let rooms = try open()
        rooms.store.trash.disturb()
        let layers = try Self.names(request.layers, above: request.isBare ? "void" : "skeleton")
        guard !request.readOnly else {
            return try mount(request, layers, container: nil, rooms)
        }
        let container = request.container.description
        let isNew = try attempting("make directories for container \(container)") {
            try Self.takeDirectories(request, rooms.store)
        }
        if isNew, let size = request.size { try limit(container, to: size, rooms.store) }
        do {
            return try mount(request, layers, container: container, rooms)
        } catch {
            // What was made for this call only; the error is what counts.
            if isNew { _ = try? rooms.store.trash.take(container, from: rooms.store.containers) }
            throw error
        }
    }

    /// The mount went with its last descriptor.
    public func releaseRootfs(_ container: ContainerID) async throws {}

    public func removeRootfs(_ container: ContainerID) async throws {
        _ = try attempting("remove the root file system of \(container)") {
            let store = try store
            return try store.trash.take(container.description, from: store.containers)
        }
    }

    public func usage() async throws -> StorageUsage {
        try attempting("measure the storage") {
            let layers = try Self.measure(store.layers)
            let containers = try Self.measure(store.containers)
            return StorageUsage(
                layerBytes: layers.bytes, layers: layers.count, rootfsBytes: containers.bytes,
                rootfses: containers.count)
        }
    }

    private static func measure(_ directory: Directory) throws -> (bytes: Int64, count: Int) {
        let names = try directory.names()
        let bytes = try names.reduce(into: Int64(0)) { $0 += try HostileTree($1, in: directory).measure().bytes }
        return (bytes, names.count)
    }

    private func mount(
        _ request: RootfsRequest, _ layers: [String], container: String?, _ rooms: Rooms
    ) throws -> Rootfs {
        try attempting("make the root file system of \(request.container)") {
            let mount = try rooms.mounts.overlay(request, layers: layers, container: container)
            return Rootfs(mount: mount, handle: .null)
        }
    }

    /// Puts a pair of directories in place; false when the container has one already.
    private static func takeDirectories(_ request: RootfsRequest, _ store: Store) throws -> Bool {
        let name = request.container.description
        if request.ephemeral { try store.trash.take(name, from: store.containers) }
        do {
            try store.spares.take(as: name, in: store.containers)
            return true
        } catch Errno.exists {
            return false
        }
    }

    /// One project for both: a file is moved from `work` to `upper` when it is whole, which projects don't let cross.
    private func limit(_ container: String, to size: Int64, _ store: Store) throws {
        do {
            try attempting("limit the root file system of \(container) to \(size) bytes") {
                let parts = try ["upper", "work"].map { try store.containers.directory("\(container)/\($0)") }
                try store.sizes.limit(parts, to: size)
            }
        } catch {
            _ = try? store.trash.take(container, from: store.containers)
            throw error
        }
    }

    /// Where the layers lie in the store, lowest first, with what every root file system needs below them all.
    ///
    /// A layer that comes twice counts where it is uppermost: it covers itself, and overlayfs takes none twice.
    private static func names(_ layers: [LayerID], above base: String = "skeleton") throws(AgentError) -> [String] {
        var seen: Set<LayerID> = []
        let distinct = layers.reversed().filter { seen.insert($0).inserted }.reversed()
        // overlayfs takes 500 (OVL_MAX_STACK).
        guard (1..<500).contains(distinct.count) else {
            throw AgentError(.imageInvalid, "an image has 1 to 499 layers, this one \(distinct.count)")
        }
        return [base] + distinct.map { "layers/\($0)" }
    }
}

// MARK: Volumes
extension OverlayStorage {
    public func checkSizes() async throws {
        try attempting("look at the quotas of the storage directory") { try store.sizes.check() }
    }

    public func createVolume(_ request: VolumeRequest) async throws -> Volume {
        try attempting("make the volume \(request.name)") { try VolumeShelf(store).create(request) }
    }

    public func volume(_ name: VolumeName) async throws -> Volume {
        try attempting("look at the volume \(name)") { try VolumeShelf(store).get(name) }
    }

    public func volumes() async throws -> [Volume] {
        try attempting("list the volumes") { try VolumeShelf(store).list() }
    }

    public func removeVolume(_ name: VolumeName) async throws {
        try attempting("remove the volume \(name)") { try VolumeShelf(store).remove(name) }
    }

    public func openVolume(_ request: VolumeOpening) async throws -> OpenedVolume {
        try attempting("open the volume \(request.name)") { try VolumeShelf(store).open(request) }
    }

    public func settleVolume(_ name: VolumeName) async throws {
        try attempting("settle the volume \(name)") { try VolumeShelf(store).settle(name) }
    }
}

// MARK: What a container wrote
extension OverlayStorage {
    public func changes(of request: RootfsRequest) async throws -> [RootfsChange] {
        let rooms = try open()
        guard let upper = try upper(of: request.container, rooms) else { return [] }
        let layers = try Self.names(request.layers)
        return try attempting("compare the files of \(request.container) with its image") {
            let image = try rooms.mounts.overlay(request, layers: layers, container: nil)
            return try Changes(upper: upper, image: Directory(image)).all()
        }
    }

    public func writtenLayer(of container: ContainerID) async throws -> LayerDraft {
        guard let upper = try upper(of: container, try open()) else {
            throw AgentError(
                .containerWrongState, "container \(container) has written nothing yet: its root is read-only or new")
        }
        return LayerDraft(directory: upper.descriptor)
    }

    private func upper(of container: ContainerID, _ rooms: Rooms) throws -> Directory? {
        try attempting("open the files of \(container)") {
            guard try rooms.store.containers.statusIfPresent(container.description) != nil else { return nil }
            return try rooms.store.containers.directory("\(container)/upper")
        }
    }
}
