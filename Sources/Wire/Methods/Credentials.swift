public import Model

/// What is in a credential for which the spec names no source: exactly one of `content` and `descriptor`. It is never
/// answered by any method.
public struct CredentialContent: Sendable, Codable {
    /// As in the spec's `credentials`.
    public var name: String
    /// Base64; 1 MiB at most.
    public var content: String?
    /// The index of a descriptor that came with the line: a file on a disk or in memory, read from its beginning.
    public var descriptor: Int?

    public init(name: String, content: String? = nil, descriptor: Int? = nil) {
        self.name = name
        self.content = content
        self.descriptor = descriptor
    }
}

extension ContainerCreate {
    /// Every key of the spec, and these beside them.
    public struct Params: Sendable, Codable {
        public var spec: ContainerSpec
        public var credentialContents: [CredentialContent]?

        public init(spec: ContainerSpec, credentialContents: [CredentialContent]? = nil) {
            self.spec = spec
            self.credentialContents = credentialContents
        }

        enum CodingKeys: String, CodingKey {
            case credentialContents = "credential_contents"
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            spec = try ContainerSpec(from: decoder)
            credentialContents = try values.decodeIfPresent([CredentialContent].self, forKey: .credentialContents)
        }

        public func encode(to encoder: any Encoder) throws {
            try spec.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encodeIfPresent(credentialContents, forKey: .credentialContents)
        }
    }
}
