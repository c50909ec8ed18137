public import JSON
public import Linux
public import Model

/// Keeps unpacked layers and makes root file systems out of them.
public protocol StorageDriver: Driver {
    /// Opens an empty directory to unpack a layer into. A draft of the same id that was left behind is emptied first.
    func beginLayer(_ id: LayerID) async throws -> LayerDraft
    /// Makes the draft a layer, durably and all at once. A layer that is there already is kept and the draft dropped.
    func commitLayer(_ id: LayerID) async throws
    /// Removes a layer or its draft; no error when there is none.
    func removeLayer(_ id: LayerID) async throws
    /// The committed layers, in no order.
    func layers() async throws -> [LayerID]
    /// Makes a root file system that appears in no mount table: a detached mount.
    func prepareRootfs(_ request: RootfsRequest) async throws -> Rootfs
    /// Frees what a run needs of it; what the container wrote stays for the next run.
    func releaseRootfs(_ container: ContainerID) async throws
    /// Removes what the container wrote. May leave slow removal to the background.
    func removeRootfs(_ container: ContainerID) async throws
    /// What a container has written, removed or changed in its root, by path. Slow: it walks the tree. An earlier kernel's
    /// or another driver's marks never show.
    func changes(of request: RootfsRequest) async throws -> [RootfsChange]
    /// The directory with what a container has written, in the way of overlayfs; read-only use. Throws
    /// `container.wrong_state` when it has none.
    func writtenLayer(of container: ContainerID) async throws -> LayerDraft
    /// Bytes and files in use by everything that the driver keeps. Slow: it walks the trees.
    func usage() async throws -> StorageUsage
    /// Throws `limit.unavailable` with the reason when root file systems and volumes can't be given a size here.
    func checkSizes() async throws

    // A driver without volumes leaves these out.

    /// Makes an empty volume, durably and all at once; one of that name that is there is kept and answered.
    ///
    /// Throws `volume.exists` when that one has another size, `limit.unavailable` as ``checkSizes()``.
    func createVolume(_ request: VolumeRequest) async throws -> Volume
    /// Throws `volume.not_found`.
    func volume(_ name: VolumeName) async throws -> Volume
    /// All volumes, in no order.
    func volumes() async throws -> [Volume]
    /// Removes a volume that no running container uses, all at once; no error when there is none. May leave slow removal
    /// to the background.
    func removeVolume(_ name: VolumeName) async throws
    /// Shows a volume as a mount. Throws `volume.not_found`.
    ///
    /// One that was never settled comes empty, whatever was written to it before: it is to be filled first.
    func openVolume(_ request: VolumeOpening) async throws -> OpenedVolume
    /// From now on the volume keeps what is in it. No error when it was settled before.
    func settleVolume(_ name: VolumeName) async throws
}

extension StorageDriver {
    public func checkSizes() async throws {
        throw AgentError(.limitUnavailable, "this storage driver can't limit the size of what it keeps: leave it out")
    }

    public func createVolume(_ request: VolumeRequest) async throws -> Volume { throw AgentError.noVolumes }
    public func volume(_ name: VolumeName) async throws -> Volume { throw AgentError.noVolumes }
    public func volumes() async throws -> [Volume] { [] }
    public func removeVolume(_ name: VolumeName) async throws {}
    public func openVolume(_ request: VolumeOpening) async throws -> OpenedVolume { throw AgentError.noVolumes }
    public func settleVolume(_ name: VolumeName) async throws {}
}

extension AgentError {
    fileprivate static var noVolumes: AgentError {
        AgentError(.hostUnsupported, "this storage driver keeps no volumes: use a bind mount")
    }
}

/// A volume to be.
public struct VolumeRequest: Sendable, Hashable, Codable {
    public var name: VolumeName
    /// Bytes at most; `nil` for as many as the disk has.
    public var size: Int64?
    public var labels: [String: String]
    /// Nobody chose its name.
    public var isAnonymous: Bool
    /// The container that it ends with: `gc` removes it when that one is not valid any more.
    public var owner: ContainerID?

    public init(
        name: VolumeName, size: Int64? = nil, labels: [String: String] = [:], isAnonymous: Bool = false,
        owner: ContainerID? = nil
    ) {
        self.name = name
        self.size = size
        self.labels = labels
        self.isAnonymous = isAnonymous
        self.owner = owner
    }

    enum CodingKeys: String, CodingKey {
        case name, size, labels, owner
        case isAnonymous = "anonymous"
    }
}

/// How a volume shall be shown.
public struct VolumeOpening: Sendable {
    public var name: VolumeName
    /// A user namespace as in ``RootfsRequest/idMap``; `nil` leaves the owners as they are on the disk.
    public var idMap: Descriptor?

    public init(name: VolumeName, idMap: Descriptor?) {
        self.name = name
        self.idMap = idMap
    }
}

public struct OpenedVolume: Sendable {
    /// A detached mount, writable.
    public var mount: Descriptor
    /// It is empty and was never settled.
    public var isNew: Bool

    public init(mount: Descriptor, isNew: Bool) {
        self.mount = mount
        self.isNew = isNew
    }
}

/// A layer in the making.
public struct LayerDraft: Sendable {
    /// An empty directory, open for reading, owned by root.
    public var directory: Descriptor

    public init(directory: Descriptor) { self.directory = directory }
}

public struct RootfsRequest: Sendable {
    public var container: ContainerID
    /// Lowest first.
    public var layers: [LayerID]
    public var readOnly: Bool
    /// The host ids that the container's ids are; `nil` leaves them as they are.
    public var ids: IDRange?
    /// A user namespace whose map is `0 ids.base ids.count` and `65536 0 1`, for an id-mapped view of the layers.
    ///
    /// The second line lets the host's root make overlayfs' work directory; no process ever lives in this namespace.
    public var idMap: Descriptor?
    /// Keep nothing of it over a crash of the host: durable writes may be skipped.
    public var ephemeral: Bool
    /// Bytes that the container may write; `limit.unavailable` where that can't be kept.
    public var size: Int64?
    /// Only the layers, without what a root file system needs beside them; for a read-only view of an image's files.
    public var isBare = false

    public init(
        container: ContainerID, layers: [LayerID], readOnly: Bool, ids: IDRange?, idMap: Descriptor?, ephemeral: Bool
    ) {
        self.container = container
        self.layers = layers
        self.readOnly = readOnly
        self.ids = ids
        self.idMap = idMap
        self.ephemeral = ephemeral
    }
}

/// One path of a container's root that is not as in its image.
public struct RootfsChange: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case added, changed, deleted
    }

    /// Absolute. Bytes that are not UTF-8 are replaced.
    public var path: String
    public var kind: Kind

    public init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// A root file system, held by its descriptor alone.
public struct Rootfs: Sendable {
    /// A detached mount (`fsmount` or `open_tree`), id-mapped as asked.
    public var mount: Descriptor
    public var handle: JSONValue

    public init(mount: Descriptor, handle: JSONValue) {
        self.mount = mount
        self.handle = handle
    }
}

public struct StorageUsage: Sendable, Hashable, Codable {
    public var layerBytes: Int64
    public var layers: Int
    public var rootfsBytes: Int64
    public var rootfses: Int

    enum CodingKeys: String, CodingKey {
        case layers, rootfses
        case layerBytes = "layer_bytes"
        case rootfsBytes = "rootfs_bytes"
    }

    public init(layerBytes: Int64, layers: Int, rootfsBytes: Int64, rootfses: Int) {
        self.layerBytes = layerBytes
        self.layers = layers
        self.rootfsBytes = rootfsBytes
        self.rootfses = rootfses
    }
}
