/// One thing shown in a container's file system beside its root.
public struct MountSpec: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// A file or directory of the host.
        case bind
        /// Memory that goes with the container.
        case tmpfs
        /// A volume of the storage driver, made when it is not there.
        case volume
        /// The root of an image, read-only.
        case image
    }

    public enum Propagation: String, Sendable, Hashable, Codable, CaseIterable {
        case `private`, rprivate, slave, rslave, shared, rshared
    }

    public var type: Kind
    /// `bind`: an absolute path of the host; `volume`: a name, or none for an anonymous one; `image`: a reference.
    public var source: String?
    /// An absolute path in the container; made when missing.
    public var target: String
    public var readOnly: Bool?
    /// `bind`: whether mounts below the source come along; default true.
    public var recursive: Bool?
    /// `bind`: default `rprivate`.
    public var propagation: Propagation?
    /// `bind` and `volume`: show the host's ids 0 to 65535 as the container's own; default true.
    public var idMap: Bool?
    /// `volume`: leave a new one empty instead of copying what the image has there.
    public var noCopy: Bool?
    /// `tmpfs`: bytes at most; default half of the host's memory, as the kernel has it.
    public var size: Int64?
    /// `tmpfs`: the permission bits of its root, such as 1023 for 01777; default 01777.
    public var mode: Int?

    public init(_ type: Kind, source: String? = nil, target: String, readOnly: Bool? = nil) {
        self.type = type
        self.source = source
        self.target = target
        self.readOnly = readOnly
    }

    enum CodingKeys: String, CodingKey {
        case type, source, target, recursive, propagation, size, mode
        case readOnly = "read_only"
        case idMap = "id_map"
        case noCopy = "no_copy"
    }

    /// What is wrong with it, for a person; `nil` when nothing is.
    var problem: String? {
        let problems: [(Bool, String)] = [
            (!target.hasPrefix("/") || target == "/", "the target of a mount is an absolute path and not /"),
            (target.split(separator: "/").contains(".."), "the target of a mount holds no \"..\""),
            (type == .bind && !(source ?? "").hasPrefix("/"), "the source of a bind mount is an absolute path"),
            (type == .image && (source ?? "").isEmpty, "the source of an image mount is an image"),
            (type == .tmpfs && source != nil, "a tmpfs mount has no source"),
            (type != .tmpfs && (size != nil || mode != nil), "size and mode are for tmpfs mounts"),
            (size.map { $0 < 4096 } ?? false, "the size of a tmpfs is in bytes, 4096 at least"),
            (mode.map { !(0...0o7777).contains($0) } ?? false, "the mode of a tmpfs is 0 to 07777"),
            (type != .bind && propagation != nil, "propagation is for bind mounts"),
        ]
        return problems.first { $0.0 }.map { "\($0.1): \(target)" }
    }
}
