public import JSON
public import Model

/// Parameters of a method that takes none.
public struct NoParams: Sendable, Codable {
    public init() {}
}

public enum Hello: Method {
    public static let name = "hello"
    public static let summary = "The agent's version, its features and its limits. Never needed."
    public static let lane = Lane.quick
    public static let right = Right.read
    public typealias Params = NoParams
    public struct Result: Sendable, Codable {
        public struct Limits: Sendable, Codable {
            /// Bytes of one line, without its newline.
            public var line: Int
            /// Nesting of one line's JSON.
            public var depth: Int
            /// Requests of one connection that are worked on at once.
            public var open: Int

            public init(line: Int, depth: Int, open: Int) {
                self.line = line
                self.depth = depth
                self.open = open
            }
        }

        public var version: String
        /// 1 for ever; growth is by features.
        public var `protocol`: Int
        public var features: [String]
        public var limits: Limits

        public init(version: String, features: [String], limits: Limits) {
            self.version = version
            self.protocol = 1
            self.features = features
            self.limits = limits
        }
    }
}

public enum Ping: Method {
    public static let name = "ping"
    public static let summary = "An empty answer."
    public static let lane = Lane.quick
    public static let right = Right.read
    public typealias Params = NoParams
    public typealias Result = Done
}

public enum Schema: Method {
    public static let name = "schema"
    public static let summary = "Every method with the JSON Schema of its params, result and items."
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.methodUnknown]
    public struct Params: Sendable, Codable {
        /// Only this one.
        public var method: String?

        public init(method: String? = nil) { self.method = method }
    }
    public struct Result: Sendable, Codable {
        public var methods: [MethodDescription]

        public init(methods: [MethodDescription]) { self.methods = methods }
    }
}

/// What `schema` tells of a method.
public struct MethodDescription: Sendable, Codable {
    public var name: String
    public var summary: String
    public var since: String
    public var changes: Bool
    public var streams: Bool
    public var lane: Lane
    public var right: Right
    public var params: JSONValue
    public var result: JSONValue
    /// Only where it streams.
    public var item: JSONValue?
    public var errors: [ErrorCode]

    public init<M: Method>(_ method: M.Type) {
        name = M.name
        summary = M.summary
        since = M.since
        changes = M.changes
        streams = M.streams
        lane = M.lane
        right = M.right
        params = JSONSchema.of(M.Params.self)
        result = JSONSchema.of(M.Result.self)
        // `nil` would be read as the JSON value.
        item = M.streams ? JSONSchema.of(M.Item.self) : Optional.none
        errors = M.errors
    }
}

public enum Cancel: Method {
    public static let name = "cancel"
    public static let summary = "Give up a request of this connection; a change that has begun goes on."
    public static let lane = Lane.quick
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        /// The id of the request to give up.
        public var id: JSONValue

        public init(id: JSONValue) { self.id = id }
    }
    public struct Result: Sendable, Codable {
        /// False when it was answered already, never asked, or is a change that goes on.
        public var cancelled: Bool

        public init(cancelled: Bool) { self.cancelled = cancelled }
    }
}

public enum Batch: Method {
    public static let name = "batch"
    public static let summary = "Requests one after the other; stops at the first error unless told to go on."
    public static let changes = true
    public static let right = Right.read
    public struct Params: Sendable, Codable {
        public struct Entry: Sendable, Codable {
            public var method: String
            public var params: JSONValue?

            public init(method: String, params: JSONValue?) {
                self.method = method
                self.params = params
            }
        }

        /// 1 to 1000.
        public var requests: [Entry]
        public var proceed: Bool?

        public init(requests: [Entry], proceed: Bool? = nil) {
            self.requests = requests
            self.proceed = proceed
        }
    }
    public struct Result: Sendable, Codable {
        /// `{"result":...}` or `{"error":...}` for each request that was tried, in order.
        public var replies: [JSONValue]

        public init(replies: [JSONValue]) { self.replies = replies }
    }
}
