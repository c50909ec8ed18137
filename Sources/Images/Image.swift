public import Model

/// An image that is loaded: every layer of it is unpacked in the storage driver.
public struct Image: Sendable, Hashable {
    public var record: ImageRecord
    /// Its names, sorted.
    public var references: [ImageReference]

    public init(record: ImageRecord, references: [ImageReference]) {
        self.record = record
        self.references = references
    }
}

/// What is kept of an image on disk, in one JSON document.
public struct ImageRecord: Sendable, Hashable, Codable {
    public struct Layer: Sendable, Hashable, Codable {
        public var id: LayerID
        /// Bytes of file content, unpacked.
        public var size: Int64

        public init(id: LayerID, size: Int64) {
            self.id = id
            self.size = size
        }
    }

    /// `sha256:` and the digest of the configuration.
    public var id: String
    public var platform: Platform
    public var config: ImageConfig
    /// Lowest first.
    public var layers: [Layer]
    /// Nanoseconds since 1970.
    public var loadedAt: Int64

    public init(id: String, platform: Platform, config: ImageConfig, layers: [Layer], loadedAt: Int64) {
        self.id = id
        self.platform = platform
        self.config = config
        self.layers = layers
        self.loadedAt = loadedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, platform, config, layers
        case loadedAt = "loaded_at"
    }

    /// Bytes of all layers, unpacked; a layer that appears twice counts once.
    public var size: Int64 {
        Dictionary(layers.map { ($0.id, $0.size) }, uniquingKeysWith: { first, _ in first }).values.reduce(0, +)
    }
}
