public import Model

/// An image as the doors tell of it.
public struct ImageInfo: Sendable, Codable {
    /// `sha256:` and the digest of the image's configuration.
    public var id: String
    /// Normalised references such as `docker.io/library/debian:bookworm`.
    public var references: [String]
    /// `os/architecture[/variant]`.
    public var platform: String
    /// Bytes of its layers, unpacked.
    public var size: Int64
    public var layers: [LayerID]
    /// Nanoseconds since 1970 at which it was loaded.
    public var loadedAt: Int64
    public var entrypoint: [String]
    public var command: [String]
    public var environment: [String]
    public var workingDirectory: String
    public var user: String
    public var stopSignal: String
    public var labels: [String: String]

    enum CodingKeys: String, CodingKey {
        case id, references, platform, size, layers, entrypoint, command, environment, user, labels
        case loadedAt = "loaded_at"
        case workingDirectory = "working_directory"
        case stopSignal = "stop_signal"
    }

    public init(
        id: String, references: [String], platform: String, size: Int64, layers: [LayerID], loadedAt: Int64,
        entrypoint: [String], command: [String], environment: [String], workingDirectory: String, user: String,
        stopSignal: String, labels: [String: String]
    ) {
        self.id = id
        self.references = references
        self.platform = platform
        self.size = size
        self.layers = layers
        self.loadedAt = loadedAt
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.stopSignal = stopSignal
        self.labels = labels
    }
}

public struct ImageTarget: Sendable, Codable {
    /// A reference, an id, or the unique beginning of an id.
    public var image: String

    public init(image: String) { self.image = image }
}

public enum ImageLoad: Method {
    public static let name = "image.load"
    public static let summary = "Take in an OCI layout (directory or tar) or a docker archive."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [
        .imageInvalid, .imageDigestMismatch, .imagePlatformMissing, .imageUnsupportedMediaType, .imageLayerRefused,
        .imageTooLarge, .imageReferenceInvalid, .hostNoSpace,
    ]
    public struct Params: Sendable, Codable {
        /// The index of a descriptor that came with the line: a directory or a regular file.
        public var source: Int?
        /// An absolute path on the agent's host, where there is no `source`.
        public var path: String?
        /// What to call the image, instead of the names in the archive.
        public var reference: String?
        /// `os/architecture[/variant]`; default this machine's.
        public var platform: String?

        public init(source: Int? = nil, path: String? = nil, reference: String? = nil, platform: String? = nil) {
            self.source = source
            self.path = path
            self.reference = reference
            self.platform = platform
        }
    }
    public struct Result: Sendable, Codable {
        public var images: [ImageInfo]

        public init(images: [ImageInfo]) { self.images = images }
    }
}

public enum ImageGet: Method {
    public static let name = "image.get"
    public static let summary = "One image."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.imageNotFound]
    public typealias Params = ImageTarget
    public typealias Result = ImageInfo
}

public enum ImageList: Method {
    public static let name = "image.list"
    public static let summary = "All images, the newest first."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var images: [ImageInfo]

        public init(images: [ImageInfo]) { self.images = images }
    }
}

public enum ImageTag: Method {
    public static let name = "image.tag"
    public static let summary = "Give an image one more name; the name moves if another image had it."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.imageNotFound, .imageReferenceInvalid]
    public struct Params: Sendable, Codable {
        public var image: String
        public var reference: String

        public init(image: String, reference: String) {
            self.image = image
            self.reference = reference
        }
    }
    public typealias Result = ImageInfo
}

public enum ImageRemove: Method {
    public static let name = "image.remove"
    public static let summary = "Take a name off an image; with its last name, or by id, the image goes."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.imageNotFound, .imageInUse]
    public typealias Params = ImageTarget
    public struct Result: Sendable, Codable {
        /// The names that were taken off.
        public var untagged: [String]
        /// The id, if the image is gone.
        public var removed: String?

        public init(untagged: [String], removed: String?) {
            self.untagged = untagged
            self.removed = removed
        }
    }
}
