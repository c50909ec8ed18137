public import Drivers
public import JSON

/// What a driver says of itself: as `NAME.driver.json` beside its shared object, and once more inside it.
public struct DriverManifest: PlainDriverMessage, Hashable {
    /// The interface numbers (`DAVIT_DRIVER_ABI`) that the driver works with.
    public struct ABIRange: Sendable, Hashable, Codable {
        public var min: UInt32
        public var max: UInt32

        public init(min: UInt32, max: UInt32) {
            self.min = min
            self.max = max
        }
    }

    public enum Concurrency: String, Sendable, Hashable, Codable {
        /// One call at a time, always on the same thread.
        case serial
        /// Calls from several threads at once.
        case concurrent
    }

    /// What the host must have.
    public struct Needs: Sendable, Hashable, Codable {
        /// Linux capabilities of the agent, such as `CAP_SYS_ADMIN`.
        public var capabilities: [String]
        /// Kernel features by name, for people.
        public var kernel: [String]

        public init(capabilities: [String] = [], kernel: [String] = []) {
            self.capabilities = capabilities
            self.kernel = kernel
        }
    }

    public var name: String
    public var kind: DriverKind
    public var version: String
    public var abi: ABIRange
    public var methods: [String]
    public var concurrency: Concurrency
    public var needs: Needs
    /// What the driver can beyond its methods, a word each.
    public var features: [String]
    /// JSON Schema of its configuration.
    public var configSchema: JSONValue
    /// Of the shared object, 64 hexadecimal digits. Only beside it, never inside.
    public var sha256: String?

    enum CodingKeys: String, CodingKey {
        case name, kind, version, abi, methods, concurrency, needs, features, sha256
        case configSchema = "config_schema"
    }

    public init(
        name: String, kind: DriverKind, version: String, abi: ABIRange, methods: [String], concurrency: Concurrency,
        needs: Needs, features: [String], configSchema: JSONValue, sha256: String?
    ) {
        self.name = name
        self.kind = kind
        self.version = version
        self.abi = abi
        self.methods = methods
        self.concurrency = concurrency
        self.needs = needs
        self.features = features
        self.configSchema = configSchema
        self.sha256 = sha256
    }

    /// The first key whose value differs, with both values; `sha256` is not compared.
    public func difference(from other: DriverManifest) -> String? {
        let pairs: [(key: String, mine: String, theirs: String)] = [
            ("kind", kind.rawValue, other.kind.rawValue), ("name", name, other.name),
            ("version", version, other.version), ("abi", "\(abi)", "\(other.abi)"),
            ("methods", "\(methods.sorted())", "\(other.methods.sorted())"),
            ("concurrency", concurrency.rawValue, other.concurrency.rawValue), ("needs", "\(needs)", "\(other.needs)"),
            ("features", "\(features)", "\(other.features)"),
        ]
        let different = pairs.first { $0.mine != $0.theirs }
        return different.map { "\($0.key) is \($0.mine) in the one, \($0.theirs) in the other" }
    }
}
