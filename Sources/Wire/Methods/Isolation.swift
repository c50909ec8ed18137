public import Model

public enum IsolationExplain: Method {
    public static let name = "isolation.explain"
    public static let summary = "Every wall around a container, and how exposed it is without those that are down."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound, .requestInvalid, .securityRefused]
    /// Exactly one of both.
    public struct Params: Sendable, Codable {
        public var container: String?
        /// A container that is not made yet.
        public var spec: ContainerSpec?

        public init(container: String? = nil, spec: ContainerSpec? = nil) {
            self.container = container
            self.spec = spec
        }
    }
    public struct Result: Sendable, Codable {
        /// 0 (nothing is open) to 10 (everything is), in the manner of systemd-analyze security.
        public var exposure: Double
        public var walls: [Wall]

        public init(exposure: Double, walls: [Wall]) {
            self.exposure = exposure
            self.walls = walls
        }
    }
    public struct Wall: Sendable, Codable {
        /// A stable word, such as `user-namespace`.
        public var name: String
        /// `up`, `weakened`, `down`, or `missing` where this host can't build it.
        public var state: String
        /// What it keeps from what, or what its absence allows.
        public var message: String
        /// What it adds to the exposure as it stands.
        public var exposure: Double

        public init(name: String, state: String, message: String, exposure: Double) {
            self.name = name
            self.state = state
            self.message = message
            self.exposure = exposure
        }
    }
}
