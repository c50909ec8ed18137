public import Drivers
public import JSON
import Linux
public import Model

/// Storage by overlayfs: layers as directories, root file systems as detached overlay mounts. Concurrent.
///
/// All state is the directories themselves, see `Store`; what a crash leaves over is swept at the next start. Nothing
/// that it makes is ever in the host's mount table.
public final class OverlayStorage: StorageDriver {
    private let store: Store
    private let mounts: MountRoom

    /// Opens, and makes if need be, the directory `root` of the config (default: /var/lib/davit/storage). Blocks.
    ///
    /// Needs CAP_SYS_ADMIN. Throws `config.invalid` for other keys.
    public init(config: JSONValue) throws {
        let root = try Self.root(config)
        (store, mounts) = try attempting("open the storage directory \(root)") {
            (try Store(root), try MountRoom(root))
        }
    }

    deinit { store.close() }

    private static func root(_ config: JSONValue) throws(AgentError) -> String {
        guard case .object(let object) = config else { return "/var/lib/davit/storage" }
        if let key = object.keys.first(where: { $0 != "root" }) {
            throw AgentError(.configInvalid, "storage driver overlay: unknown key \"\(key)\"; it knows only root")
        }
        guard let value = object["root"] else { return "/var/lib/davit/storage" }
        guard case .string(let root) = value else {
            throw AgentError(.configInvalid, "storage driver overlay: root must be a text, the path of a directory")
        }
        return root
    }

    public func status() async throws -> DriverStatus {
        let stuck = store.trash.stuck
        let message = stuck == 0 ? "ready" : "\(stuck) removed directories resist; they are tried again after a restart"
        return DriverStatus(healthy: true, message: message)
    }

    public func collect(valid: Set<ContainerID>) async throws -> [String] {
        try attempting("remove root file systems that belong to no container") {
            let kept = Set(valid.map(\.description))
            let others = try store.containers.names().filter { !kept.contains($0) }
            for name in others { try store.trash.take(name, from: store.containers) }
            return others.sorted()
        }
    }
}

// MARK: Layers
extension OverlayStorage {
    public func beginLayer(_ id: LayerID) async throws -> LayerDraft {
        try attempting("begin layer \(id)") {
            let name = id.description
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
            let name = id.description
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
        store.trash.disturb()
        let layers = try Self.names(request.layers)
        guard !request.readOnly else {
            return Rootfs(mount: try await mount(request, layers, container: nil), handle: .null)
        }
        let container = request.container.description
        let isNew = try attempting("make directories for container \(container)") { try takeDirectories(request) }
        do {
            return Rootfs(mount: try await mount(request, layers, container: container), handle: .null)
        } catch {
            // What was made for this call only; the error is what counts.
            if isNew { _ = try? store.trash.take(container, from: store.containers) }
            throw error
        }
    }

    public func releaseRootfs(_ container: ContainerID) async throws {
        _ = try attempting("release the root file system of \(container)") {
            try store.trash.take(container.description, from: store.containers)
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

    private func mount(_ request: RootfsRequest, _ layers: [String], container: String?) async throws -> Descriptor {
        do {
            return try await mounts.overlay(request, layers: layers, container: container)
        } catch {
            return try attempting("make the root file system of \(request.container)") { throw error }
        }
    }

    /// Puts a pair of directories in place; false when the container has one already.
    private func takeDirectories(_ request: RootfsRequest) throws -> Bool {
        let name = request.container.description
        if request.ephemeral { try store.trash.take(name, from: store.containers) }
        do {
            try store.spares.take(as: name, in: store.containers)
            return true
        } catch Errno.exists {
            return false
        }
    }

    /// Where the layers lie in the store, lowest first, with what every root file system needs below them all.
    ///
    /// A layer that comes twice counts where it is uppermost: it covers itself, and overlayfs takes none twice.
    private static func names(_ layers: [LayerID]) throws(AgentError) -> [String] {
        var seen: Set<LayerID> = []
        let distinct = layers.reversed().filter { seen.insert($0).inserted }.reversed()
        // overlayfs takes 500 (OVL_MAX_STACK).
        guard (1..<500).contains(distinct.count) else {
            throw AgentError(.imageInvalid, "an image has 1 to 499 layers, this one \(distinct.count)")
        }
        return ["skeleton"] + distinct.map { "layers/\($0)" }
    }
}
