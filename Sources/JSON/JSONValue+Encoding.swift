extension JSONValue {
    /// The value as its `Encodable` conformance writes it. Throws `JSONError` `not_encodable` for a whole number outside
    /// `Int64` and for a number that JSON has no form for.
    public init(encoding value: some Encodable) throws(JSONError) {
        let encoder = ValueEncoder()
        try encoder.box(value)
        self = encoder.node.finished
    }
}

extension JSONValue: Codable {
    /// Any JSON is a `JSONValue`; other decoders than this module's are refused.
    public init(from decoder: any Decoder) throws {
        self = try decoder.singleValueContainer().decode(AnyJSON.self).value
    }

    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ValueEncoder else {
            throw JSONError(.notEncodable, "JSONValue is encoded to JSON only")
        }
        encoder.node = .value(self)
    }
}

/// Reaches the value inside this module's decoder, which marks the whole of it as known.
private struct AnyJSON: Decodable {
    let value: JSONValue

    init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw JSONError(.notEncodable, "JSONValue is decoded from JSON only")
        }
        decoder.knowAll()
        value = decoder.value
    }
}

/// What was encoded so far: whole, or with parts that somebody still fills.
enum EncodedNode {
    case nothing
    case value(JSONValue)
    case array([EncodedPart])
    case object(JSONObject, open: [(key: String, encoder: ValueEncoder)])

    var finished: JSONValue {
        switch self {
        // A type without anything to encode is an object without members.
        case .nothing: .object(JSONObject())
        case .value(let value): value
        case .array(let parts): .array(parts.map(\.finished))
        case .object(let object, let open): .object(merge(object, open))
        }
    }

    private func merge(_ object: JSONObject, _ open: [(key: String, encoder: ValueEncoder)]) -> JSONObject {
        var object = object
        for part in open { object[part.key] = part.encoder.node.finished }
        return object
    }
}

enum EncodedPart {
    case value(JSONValue)
    case open(ValueEncoder)

    var finished: JSONValue {
        switch self {
        case .value(let value): value
        case .open(let encoder): encoder.node.finished
        }
    }
}

/// Encodes one value. It's a class since containers write to it after they were handed out.
final class ValueEncoder: Encoder {
    var node = EncodedNode.nothing
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = node {} else { node = .object(JSONObject(), open: []) }
        return KeyedEncodingContainer(KeyedEncoding(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = node {} else { node = .array([]) }
        return UnkeyedEncoding(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleEncoding(encoder: self) }

    func box(_ value: some Encodable) throws(JSONError) {
        do { try value.encode(to: self) } catch let error as JSONError { throw error } catch {
            throw JSONError(.notEncodable, "\(error)")
        }
    }

    func set(_ key: String, _ value: JSONValue) {
        guard case .object(var object, let open) = node else { return }
        // Without this the object would be copied for each of its members.
        node = .nothing
        object[key] = value
        node = .object(object, open: open)
    }

    func append(_ part: EncodedPart) {
        guard case .array(var parts) = node else { return }
        node = .nothing
        parts.append(part)
        node = .array(parts)
    }

    /// A member whose value comes later; its place among the members is kept.
    func open(_ key: String) -> ValueEncoder {
        let inner = ValueEncoder()
        set(key, .null)
        guard case .object(let object, var open) = node else { return inner }
        open.append((key, inner))
        node = .object(object, open: open)
        return inner
    }
}

extension JSONValue {
    /// The value of one that stands inside another.
    static func boxing<T: Encodable>(_ value: T) throws(JSONError) -> JSONValue {
        if T.self == String.self, let text = value as? String { return .string(text) }
        if T.self == JSONValue.self, let value = value as? JSONValue { return value }
        return try JSONValue(encoding: value)
    }

    static func whole(_ value: some FixedWidthInteger) throws(JSONError) -> JSONValue {
        guard let whole = Int64(exactly: value) else {
            throw JSONError(.notEncodable, "\(value) does not fit in 64 bits with a sign")
        }
        return .int(whole)
    }

    static func number(_ value: Double) throws(JSONError) -> JSONValue {
        guard value.isFinite else { throw JSONError(.notEncodable, "JSON has no number for \(value)") }
        return .double(value)
    }
}
