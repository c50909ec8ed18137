public import JSON

/// A directory tree to write as a tar archive: descriptor 4 is the root directory, descriptor 3 takes the archive.
public struct PackJob: Sendable, Hashable, Codable {
    /// Below the root; links on the way are followed as a program in the root would follow them. `.` is the root.
    public var path: String
    /// What the thing at `path` is called in the archive; `nil` leaves its name out, so that only what is in it comes.
    public var name: String?
    /// The first of the host ids that are the container's: owners are written as the container counts them.
    public var firstID: UInt32
    /// The tree is the upper directory of an overlay: write whiteouts in the way of layers.
    public var isLayer: Bool
    /// Leave out what other file systems hold that are mounted below `path`.
    public var oneFileSystem: Bool
    /// The configuration of an image that the archive becomes the uppermost layer of, complete but for the layer's own
    /// digest at the end of `rootfs.diff_ids`.
    public var document: JSONValue?

    public init(
        path: String = ".", name: String? = nil, firstID: UInt32 = 0, isLayer: Bool = false,
        oneFileSystem: Bool = false, document: JSONValue? = nil
    ) {
        self.path = path
        self.name = name
        self.firstID = firstID
        self.isLayer = isLayer
        self.oneFileSystem = oneFileSystem
        self.document = document
    }

    enum CodingKeys: String, CodingKey {
        case path, name, document
        case firstID = "first_id"
        case isLayer = "is_layer"
        case oneFileSystem = "one_file_system"
    }
}

/// An archive that was written.
public struct PackedArchive: Sendable, Hashable, Codable {
    /// The sha256 of the archive.
    public var digest: LayerID
    public var bytes: Int64
    public var entries: Int64
    /// Whether the thing at the path is a directory.
    public var isDirectory: Bool
    /// The sha256 of the completed document.
    public var documentDigest: LayerID?

    public init(digest: LayerID, bytes: Int64, entries: Int64, isDirectory: Bool, documentDigest: LayerID? = nil) {
        self.digest = digest
        self.bytes = bytes
        self.entries = entries
        self.isDirectory = isDirectory
        self.documentDigest = documentDigest
    }

    enum CodingKeys: String, CodingKey {
        case digest, bytes, entries
        case isDirectory = "is_directory"
        case documentDigest = "document_digest"
    }
}

/// A tar archive on descriptor 3 to unpack below the root directory on descriptor 4, as cp(1) would copy.
public struct ExtractJob: Sendable, Hashable, Codable {
    /// Below the root; links are followed inside it. A directory that is there takes the content; else its parent must
    /// be one, and the last name is what the thing is called.
    public var path: String
    /// What the thing in the archive is called when `path` is a directory that is there; `nil`: the archive has its
    /// content alone, in entries below `.`.
    public var name: String?
    public var firstID: UInt32
    public var idCount: UInt32
    /// Bytes of one file, at most.
    public var maxBytes: Int64

    public init(
        path: String, name: String?, firstID: UInt32 = 0, idCount: UInt32 = .max, maxBytes: Int64 = 1 << 40
    ) {
        self.path = path
        self.name = name
        self.firstID = firstID
        self.idCount = idCount
        self.maxBytes = maxBytes
    }

    enum CodingKeys: String, CodingKey {
        case path, name
        case firstID = "first_id"
        case idCount = "id_count"
        case maxBytes = "max_bytes"
    }
}

/// An archive that was unpacked.
public struct ExtractedArchive: Sendable, Hashable, Codable {
    /// Bytes of file content.
    public var size: Int64
    public var entries: Int64

    public init(size: Int64, entries: Int64) {
        self.size = size
        self.entries = entries
    }
}
