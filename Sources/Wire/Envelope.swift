public import JSON
public import Model

/// One line from a client: `{"id":7,"method":"container.list","params":{...}}`. Only `method` is needed.
public struct Request: Sendable {
    /// A string or a whole number; absent where a client asks one thing only.
    public var id: JSONValue?
    public var method: String
    public var params: JSONValue
    /// How long the caller will wait, from the moment the line was read.
    public var deadline: Duration?
    /// Features that must be there before anything is done.
    public var require: [String]

    /// Reads a request; throws with the id that could still be read, so that the answer finds its asker.
    public init(_ line: JSONValue) throws(Refusal) {
        guard let object = line.object else {
            throw Refusal(nil, "a request is an object, such as {\"method\":\"ping\"}")
        }
        id = try Self.id(object["id"])
        let known = Self.keys
        for member in object.members where !known.contains(member.key) {
            let hint = nearest(to: member.key, among: known).map { ": did you mean \"\($0)\"?" } ?? ""
            throw Refusal(id, "unknown key \"\(member.key)\"\(hint)")
        }
        guard let method = object["method"]?.string else { throw Refusal(id, "method: a string is needed") }
        self.method = method
        params = object["params"] ?? [:]
        require = try Self.features(object["require"], id)
        deadline = try Self.deadline(object["deadline_ms"], id)
        for unbuilt in ["idem", "dry_run"] where object[unbuilt] != nil && object[unbuilt] != false {
            require.append(unbuilt)
        }
    }

    private static let keys = ["id", "method", "params", "deadline_ms", "require", "idem", "dry_run"]

    private static func id(_ value: JSONValue?) throws(Refusal) -> JSONValue? {
        switch value {
        case nil: return nil
        case .string(let text) where text.utf8.count <= 128: return value
        case .int: return value
        default: throw Refusal(nil, "id: a whole number, or a string of at most 128 bytes, is expected")
        }
    }

    private static func features(_ value: JSONValue?, _ id: JSONValue?) throws(Refusal) -> [String] {
        guard let value else { return [] }
        guard let array = value.array, array.allSatisfy({ $0.string != nil }) else {
            throw Refusal(id, "require: an array of feature names is expected")
        }
        return array.compactMap(\.string)
    }

    private static func deadline(_ value: JSONValue?, _ id: JSONValue?) throws(Refusal) -> Duration? {
        guard let value else { return nil }
        guard case .int(let milliseconds) = value, (1...86_400_000).contains(milliseconds) else {
            throw Refusal(id, "deadline_ms: 1 to 86400000 is expected")
        }
        return .milliseconds(milliseconds)
    }

    /// Why a line is no request.
    public struct Refusal: Error, Sendable {
        public var id: JSONValue?
        public var error: AgentError

        init(_ id: JSONValue?, _ message: String) {
            self.id = id
            error = AgentError(.requestInvalid, message)
        }
    }
}

/// One line to a client.
public struct Reply: Sendable {
    /// The one key beside `id` that a line carries.
    public enum Kind: String, Sendable {
        case progress, item, result, error
    }

    public var id: JSONValue?
    public var kind: Kind
    public var value: JSONValue

    public init(id: JSONValue?, _ kind: Kind, _ value: JSONValue) {
        self.id = id
        self.kind = kind
        self.value = value
    }

    /// Adds the line with its newline.
    public func print(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        if let id {
            bytes += "\"id\":".utf8
            id.print(to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(UInt8(ascii: "\""))
        bytes += kind.rawValue.utf8
        bytes += "\":".utf8
        value.print(to: &bytes)
        bytes += "}\n".utf8
    }
}
