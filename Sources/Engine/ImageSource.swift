public import Model

/// Where the engine learns what an image is.
public protocol ImageSource: Sendable {
    /// By reference, id, or the unique beginning of an id; `image.not_found` else.
    func resolve(_ reference: String) async throws -> ResolvedImage
}

/// An image as far as a container needs it.
public struct ResolvedImage: Sendable {
    /// `sha256:` and the digest of its configuration.
    public var id: String
    /// Lowest first.
    public var layers: [LayerID]
    public var config: ImageConfig

    public init(id: String, layers: [LayerID], config: ImageConfig) {
        self.id = id
        self.layers = layers
        self.config = config
    }
}
