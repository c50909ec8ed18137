public import Model

/// A service as the doors tell of it: what it shall be and how it stands, apart.
public struct ServiceInfo: Sendable, Codable {
    /// Can be given to `service.create` unchanged.
    public var spec: ServiceSpec
    /// Its own, without a length.
    public var addresses: [String]
    /// Who stands behind it now.
    public var backends: [ServiceBackend]
    /// Nanoseconds since 1970.
    public var createdAt: Int64

    enum CodingKeys: String, CodingKey {
        case spec, addresses, backends
        case createdAt = "created_at"
    }

    public init(spec: ServiceSpec, addresses: [String], backends: [ServiceBackend], createdAt: Int64) {
        self.spec = spec
        self.addresses = addresses
        self.backends = backends
        self.createdAt = createdAt
    }
}

public struct ServiceNamed: Sendable, Codable {
    public var service: String

    public init(service: String) { self.service = service }
}

public enum ServiceCreate: Method {
    public static let name = "service.create"
    public static let summary = "Give a name and an address to the containers of a network that have some labels."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [
        .requestInvalid, .serviceExists, .serviceRefused, .networkNotFound, .networkExhausted, .portInUse, .portRefused,
    ]
    public typealias Params = ServiceSpec
    public typealias Result = ServiceInfo
}

public enum ServiceList: Method {
    public static let name = "service.list"
    public static let summary = "All services, by name."
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public init() {}
    }
    public struct Result: Sendable, Codable {
        public var services: [ServiceInfo]

        public init(services: [ServiceInfo]) { self.services = services }
    }
}

public enum ServiceGet: Method {
    public static let name = "service.get"
    public static let summary = "One service, with who stands behind it."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.serviceNotFound]
    public typealias Params = ServiceNamed
    public typealias Result = ServiceInfo
}

public enum ServiceRemove: Method {
    public static let name = "service.remove"
    public static let summary = "Take a service away; its containers live on."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.serviceNotFound]
    public typealias Params = ServiceNamed
    public typealias Result = Done
}
