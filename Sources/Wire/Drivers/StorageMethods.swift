public import Drivers
internal import JSON
public import Linux
public import Model

extension DriverMethod<LayerID, LayerDraft> {
    public static var beginLayer: Self { Self("layer.begin") }
}

extension DriverMethod<LayerID, NoValue> {
    public static var commitLayer: Self { Self("layer.commit") }
    public static var removeLayer: Self { Self("layer.remove") }
}

extension DriverMethod<NoValue, LayerList> {
    public static var layers: Self { Self("layer.list") }
}

extension DriverMethod<RootfsRequest, Rootfs> {
    public static var prepareRootfs: Self { Self("rootfs.prepare") }
}

extension DriverMethod<ContainerID, NoValue> {
    public static var releaseRootfs: Self { Self("rootfs.release") }
    public static var removeRootfs: Self { Self("rootfs.remove") }
}

extension DriverMethod<NoValue, StorageUsage> {
    public static var usage: Self { Self("usage") }
}

extension DriverMethod<RootfsRequest, RootfsChanges> {
    public static var changes: Self { Self("rootfs.changes") }
}

extension DriverMethod<ContainerID, LayerDraft> {
    public static var writtenLayer: Self { Self("rootfs.written") }
}

extension DriverMethod<NoValue, NoValue> {
    public static var checkSizes: Self { Self("size.check") }
}

extension DriverMethod<VolumeRequest, Volume> {
    public static var createVolume: Self { Self("volume.create") }
}

extension DriverMethod<VolumeName, Volume> {
    public static var volume: Self { Self("volume.get") }
}

extension DriverMethod<NoValue, KnownVolumes> {
    public static var volumes: Self { Self("volume.list") }
}

extension DriverMethod<VolumeName, NoValue> {
    public static var removeVolume: Self { Self("volume.remove") }
    public static var settleVolume: Self { Self("volume.settle") }
}

extension DriverMethod<VolumeOpening, OpenedVolume> {
    public static var openVolume: Self { Self("volume.open") }
}

extension StorageUsage: PlainDriverMessage {}
extension VolumeRequest: PlainDriverMessage {}
extension Volume: PlainDriverMessage {}

public struct KnownVolumes: PlainDriverMessage {
    public var volumes: [Volume]

    public init(_ volumes: [Volume]) { self.volumes = volumes }
}

extension VolumeName: DriverMessage {
    public struct Body: Sendable, Codable {
        var volume: VolumeName
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body { Body(volume: self) }
    public init(body: Body, _ descriptors: [Descriptor]) throws { self = body.volume }
}

extension VolumeOpening: DriverMessage {
    public struct Body: Sendable, Codable {
        var volume: VolumeName
        var idMap: Int?

        enum CodingKeys: String, CodingKey {
            case volume
            case idMap = "id_map"
        }
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(volume: name, idMap: idMap.map { descriptors.add($0) })
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(name: body.volume, idMap: body.idMap.map { try descriptors.at($0, "id_map") })
    }
}

extension OpenedVolume: DriverMessage {
    public struct Body: Sendable, Codable {
        var mount: Int
        var isNew: Bool

        enum CodingKeys: String, CodingKey {
            case mount
            case isNew = "new"
        }
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(mount: descriptors.add(mount), isNew: isNew)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(mount: descriptors.at(body.mount, "mount"), isNew: body.isNew)
    }
}

public struct RootfsChanges: PlainDriverMessage {
    public var changes: [RootfsChange]

    public init(_ changes: [RootfsChange]) { self.changes = changes }
}

public struct LayerList: PlainDriverMessage {
    public var layers: [LayerID]

    public init(_ layers: [LayerID]) { self.layers = layers }
}

extension LayerID: DriverMessage {
    public struct Body: Sendable, Codable {
        var layer: LayerID
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body { Body(layer: self) }
    public init(body: Body, _ descriptors: [Descriptor]) throws { self = body.layer }
}

extension LayerDraft: DriverMessage {
    public struct Body: Sendable, Codable {
        var directory: Int
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(directory: descriptors.add(directory))
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(directory: descriptors.at(body.directory, "directory"))
    }
}

extension RootfsRequest: DriverMessage {
    public struct Body: Sendable, Codable {
        var container: ContainerID
        var layers: [LayerID]
        var readOnly: Bool
        var ids: IDRange?
        var idMap: Int?
        var ephemeral: Bool
        var size: Int64?
        var bare: Bool?

        enum CodingKeys: String, CodingKey {
            case container, layers, ids, ephemeral, size, bare
            case readOnly = "read_only"
            case idMap = "id_map"
        }
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(
            container: container, layers: layers, readOnly: readOnly, ids: ids,
            idMap: idMap.map { descriptors.add($0) }, ephemeral: ephemeral, size: size, bare: isBare ? true : nil)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(
            container: body.container, layers: body.layers, readOnly: body.readOnly, ids: body.ids,
            idMap: body.idMap.map { try descriptors.at($0, "id_map") }, ephemeral: body.ephemeral)
        size = body.size
        isBare = body.bare ?? false
    }
}

extension Rootfs: DriverMessage {
    public struct Body: Sendable, Codable {
        var mount: Int
        var handle: JSONValue
    }

    public func body(_ descriptors: inout [Descriptor]) throws -> Body {
        Body(mount: descriptors.add(mount), handle: handle)
    }

    public init(body: Body, _ descriptors: [Descriptor]) throws {
        try self.init(mount: descriptors.at(body.mount, "mount"), handle: body.handle)
    }
}
