public import Model

/// A policy as the doors tell of it.
public struct PolicyInfo: Sendable, Codable {
    /// Can be given to `policy.create` unchanged.
    public var spec: PolicySpec
    /// Nanoseconds since 1970.
    public var createdAt: Int64

    enum CodingKeys: String, CodingKey {
        case spec
        case createdAt = "created_at"
    }

    public init(spec: PolicySpec, createdAt: Int64) {
        self.spec = spec
        self.createdAt = createdAt
    }
}

public struct PolicyNamed: Sendable, Codable {
    public var policy: String

    public init(policy: String) { self.policy = policy }
}

public enum PolicyCreate: Method {
    public static let name = "policy.create"
    public static let summary = "Allow or deny connections between containers, networks and addresses, from now on."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.requestInvalid, .policyExists, .policyRefused, .networkNotFound]
    public typealias Params = PolicySpec
    public typealias Result = PolicyInfo
}

public enum PolicyList: Method {
    public static let name = "policy.list"
    public static let summary = "All policies, in the order in which they are asked."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var policies: [PolicyInfo]

        public init(policies: [PolicyInfo]) { self.policies = policies }
    }
}

public enum PolicyGet: Method {
    public static let name = "policy.get"
    public static let summary = "One policy."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.policyNotFound]
    public typealias Params = PolicyNamed
    public typealias Result = PolicyInfo
}

public enum PolicyRemove: Method {
    public static let name = "policy.remove"
    public static let summary = "Take a policy away; the others decide from now on."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.policyNotFound]
    public typealias Params = PolicyNamed
    public typealias Result = Done
}
