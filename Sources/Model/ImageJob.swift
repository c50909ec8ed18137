/// What the agent asks of `davit-image`: one line of JSON on its standard input.
///
/// Descriptors: 0 the request, 1 the reply, 2 the last words of a crash, 3 the source (an archive, a blob, a pipe or a
/// directory), 4 the empty directory that a layer is unpacked into.
public enum ImageJob: Sendable, Hashable {
    /// Find the images in the source that serve a platform.
    case inspect(Platform)
    /// Unpack one layer.
    case unpack(LayerJob)
    /// Write a tree as an archive.
    case pack(PackJob)
    /// Unpack an archive into a container's files.
    case extract(ExtractJob)
}

/// One layer to unpack: where its bytes are, and what they must turn out to be.
public struct LayerJob: Sendable, Hashable, Codable {
    public var layer: FoundLayer
    /// Bytes of the uncompressed archive, and also of any one file, at most.
    public var maxBytes: Int64
    /// Entries of the archive, at most.
    public var maxEntries: Int64

    public init(layer: FoundLayer, maxBytes: Int64 = 128 << 30, maxEntries: Int64 = 4_000_000) {
        self.layer = layer
        self.maxBytes = maxBytes
        self.maxEntries = maxEntries
    }

    enum CodingKeys: String, CodingKey {
        case layer
        case maxBytes = "max_bytes"
        case maxEntries = "max_entries"
    }
}

/// A layer as an archive describes it; nothing of it is verified before it is unpacked.
public struct FoundLayer: Sendable, Hashable, Codable {
    /// The file below a source directory; `nil` where the source is the file itself.
    public var path: String?
    /// Where the blob starts in that file.
    public var offset: Int64
    public var size: Int64
    /// `nil`: look at the first bytes (a docker archive doesn't say).
    public var mediaType: String?
    /// `sha256:...` of the blob as it is stored; `nil` where the archive doesn't say.
    public var digest: String?
    /// The sha256 of the uncompressed layer.
    public var diffID: LayerID

    public init(
        path: String? = nil, offset: Int64 = 0, size: Int64, mediaType: String? = nil, digest: String? = nil,
        diffID: LayerID
    ) {
        self.path = path
        self.offset = offset
        self.size = size
        self.mediaType = mediaType
        self.digest = digest
        self.diffID = diffID
    }

    enum CodingKeys: String, CodingKey {
        case path, offset, size, digest
        case mediaType = "media_type"
        case diffID = "diff_id"
    }
}

/// An image in a source. Its configuration's digest is verified; its layers are not yet.
public struct FoundImage: Sendable, Hashable, Codable {
    /// `sha256:` and the digest of the configuration.
    public var id: String
    /// The names the archive gives it, as they are written there.
    public var names: [String]
    public var platform: Platform
    public var config: ImageConfig
    /// Lowest first.
    public var layers: [FoundLayer]

    public init(id: String, names: [String], platform: Platform, config: ImageConfig, layers: [FoundLayer]) {
        self.id = id
        self.names = names
        self.platform = platform
        self.config = config
        self.layers = layers
    }
}

/// A layer that is unpacked and verified.
public struct UnpackedLayer: Sendable, Hashable, Codable {
    public var diffID: LayerID
    /// Bytes of file content.
    public var size: Int64
    public var entries: Int64
    /// Extended attributes that a layer may not set here (`security.selinux`) and that were left out.
    public var attributesLeftOut: Int64

    public init(diffID: LayerID, size: Int64, entries: Int64, attributesLeftOut: Int64) {
        self.diffID = diffID
        self.size = size
        self.entries = entries
        self.attributesLeftOut = attributesLeftOut
    }

    enum CodingKeys: String, CodingKey {
        case size, entries
        case diffID = "diff_id"
        case attributesLeftOut = "attributes_left_out"
    }
}

/// The one line that `davit-image` answers.
public enum ImageJobReply: Sendable, Hashable {
    case images([FoundImage])
    case unpacked(UnpackedLayer)
    case packed(PackedArchive)
    case extracted(ExtractedArchive)
    case failed(AgentError)
}

extension ImageJob: Codable {
    private enum CodingKeys: String, CodingKey { case inspect, unpack, pack, extract }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if let job = try values.decodeIfPresent(LayerJob.self, forKey: .unpack) {
            self = .unpack(job)
        } else if let job = try values.decodeIfPresent(PackJob.self, forKey: .pack) {
            self = .pack(job)
        } else if let job = try values.decodeIfPresent(ExtractJob.self, forKey: .extract) {
            self = .extract(job)
        } else {
            self = .inspect(try values.decode(Platform.self, forKey: .inspect))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .inspect(let platform): try values.encode(platform, forKey: .inspect)
        case .unpack(let job): try values.encode(job, forKey: .unpack)
        case .pack(let job): try values.encode(job, forKey: .pack)
        case .extract(let job): try values.encode(job, forKey: .extract)
        }
    }
}

extension ImageJobReply: Codable {
    private enum CodingKeys: String, CodingKey { case images, unpacked, packed, extracted, error }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        if let error = try values.decodeIfPresent(AgentError.self, forKey: .error) {
            self = .failed(error)
        } else if let layer = try values.decodeIfPresent(UnpackedLayer.self, forKey: .unpacked) {
            self = .unpacked(layer)
        } else if let archive = try values.decodeIfPresent(PackedArchive.self, forKey: .packed) {
            self = .packed(archive)
        } else if let archive = try values.decodeIfPresent(ExtractedArchive.self, forKey: .extracted) {
            self = .extracted(archive)
        } else {
            self = .images(try values.decode([FoundImage].self, forKey: .images))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .images(let images): try values.encode(images, forKey: .images)
        case .unpacked(let layer): try values.encode(layer, forKey: .unpacked)
        case .packed(let archive): try values.encode(archive, forKey: .packed)
        case .extracted(let archive): try values.encode(archive, forKey: .extracted)
        case .failed(let error): try values.encode(error, forKey: .error)
        }
    }
}
