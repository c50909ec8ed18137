/// How the author of an image wants it to run; the keys are those of the OCI image specification.
public struct ImageConfig: Sendable, Hashable, Codable {
    public var entrypoint: [String]
    public var command: [String]
    /// `NAME=value`.
    public var environment: [String]
    /// Empty is `/`.
    public var workingDirectory: String
    /// Empty is root.
    public var user: String
    /// A name or a number; empty is SIGTERM.
    public var stopSignal: String
    public var labels: [String: String]
    /// Such as `80/tcp`, sorted.
    public var exposedPorts: [String]
    /// Absolute paths, sorted.
    public var volumes: [String]
    public var healthcheck: ImageHealthcheck?

    public init() {
        entrypoint = []
        command = []
        environment = []
        workingDirectory = ""
        user = ""
        stopSignal = ""
        labels = [:]
        exposedPorts = []
        volumes = []
    }
}

extension ImageConfig {
    private enum CodingKeys: String, CodingKey {
        case entrypoint = "Entrypoint"
        case command = "Cmd"
        case environment = "Env"
        case workingDirectory = "WorkingDir"
        case user = "User"
        case stopSignal = "StopSignal"
        case labels = "Labels"
        case exposedPorts = "ExposedPorts"
        case volumes = "Volumes"
        case healthcheck = "Healthcheck"
    }

    private struct Nothing: Codable {}

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        entrypoint = try values.decodeIfPresent([String].self, forKey: .entrypoint) ?? []
        command = try values.decodeIfPresent([String].self, forKey: .command) ?? []
        environment = try values.decodeIfPresent([String].self, forKey: .environment) ?? []
        workingDirectory = try values.decodeIfPresent(String.self, forKey: .workingDirectory) ?? ""
        user = try values.decodeIfPresent(String.self, forKey: .user) ?? ""
        stopSignal = try values.decodeIfPresent(String.self, forKey: .stopSignal) ?? ""
        labels = try values.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        exposedPorts = try Self.names(values, .exposedPorts)
        volumes = try Self.names(values, .volumes)
        healthcheck = try values.decodeIfPresent(ImageHealthcheck.self, forKey: .healthcheck)
    }

    /// The specification writes a set as an object whose values are empty objects.
    private static func names(
        _ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
    ) throws -> [String] {
        (try values.decodeIfPresent([String: Nothing].self, forKey: key) ?? [:]).keys.sorted()
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(entrypoint, forKey: .entrypoint)
        try values.encode(command, forKey: .command)
        try values.encode(environment, forKey: .environment)
        try values.encode(workingDirectory, forKey: .workingDirectory)
        try values.encode(user, forKey: .user)
        try values.encode(stopSignal, forKey: .stopSignal)
        try values.encode(labels, forKey: .labels)
        try values.encode(set(exposedPorts), forKey: .exposedPorts)
        try values.encode(set(volumes), forKey: .volumes)
        try values.encodeIfPresent(healthcheck, forKey: .healthcheck)
    }

    private func set(_ names: [String]) -> [String: Nothing] {
        Dictionary(names.map { ($0, Nothing()) }, uniquingKeysWith: { first, _ in first })
    }
}
