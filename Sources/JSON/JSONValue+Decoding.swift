/// What becomes of keys that a type doesn't ask for.
public enum UnknownKeys: Sendable, Hashable {
    case refuse
    case ignore
}

extension JSONValue {
    /// Makes a value of this type, as its `Decodable` conformance says.
    ///
    /// Throws `JSONError` with the path below `path` of what is missing, unknown, of a wrong type, out of range, or
    /// refused by the type's own initialiser.
    public func decode<T: Decodable>(
        _ type: T.Type = T.self, unknownKeys: UnknownKeys = .refuse, at path: String = ""
    ) throws(JSONError) -> T {
        try ValueDecoder(self, path: .root(path), unknownKeys: unknownKeys).unbox(type)
    }
}

/// A place in a value, put into words only when something is wrong there.
indirect enum JSONPath: Sendable {
    case root(String)
    case key(String, JSONPath)
    case index(Int, JSONPath)

    var text: String {
        switch self {
        case .root(let text): return text
        case .index(let index, let parent): return "\(parent.text)[\(index)]"
        case .key(let key, let parent):
            let above = parent.text
            return above.isEmpty ? key : "\(above).\(key)"
        }
    }

    var codingPath: [any CodingKey] {
        switch self {
        case .root: []
        case .key(let key, let parent): parent.codingPath + [PathKey(stringValue: key)]
        case .index(let index, let parent): parent.codingPath + [PathKey(intValue: index)]
        }
    }
}

struct PathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
    init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}

/// Decodes one value. It's a class since an initialiser may ask for several containers of one object: the keys that any
/// of them knows are known.
final class ValueDecoder: Decoder {
    let value: JSONValue
    let path: JSONPath
    let unknownKeys: UnknownKeys
    private enum Access { case none, keys, other }
    private var access = Access.none
    private var knownKeys: [String] = []
    private var knowsAll = false

    init(_ value: JSONValue, path: JSONPath, unknownKeys: UnknownKeys) {
        self.value = value
        self.path = path
        self.unknownKeys = unknownKeys
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw wrongType("an object") }
        access = .keys
        return KeyedDecodingContainer(KeyedDecoding(decoder: self, object: object))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let values) = value else { throw wrongType("an array") }
        access = .other
        return UnkeyedDecoding(decoder: self, values: values)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        access = .other
        return SingleDecoding(decoder: self)
    }

    func wrongType(_ expected: String) -> JSONError {
        JSONError(.wrongType, path: path.text, "expected \(expected), found \(value.kind)")
    }

    func know(_ key: String) {
        if unknownKeys == .refuse, !knowsAll, !knownKeys.contains(key) { knownKeys.append(key) }
    }

    /// Every key of the object is known, as for a dictionary.
    func knowAll() { knowsAll = true }

    /// A value's own decoder, from here on.
    func child(_ value: JSONValue, _ path: JSONPath) -> ValueDecoder {
        ValueDecoder(value, path: path, unknownKeys: unknownKeys)
    }
}

extension ValueDecoder {
    /// The value as `T`, all its keys accounted for.
    func unbox<T: Decodable>(_ type: T.Type) throws(JSONError) -> T {
        if let scalar = try scalar(type) { return scalar }
        do {
            let made = try T(from: self)
            try refuseUnknownKeys()
            return made
        } catch let error as JSONError {
            throw error
        } catch let error as DecodingError {
            throw JSONError(.badValue, path: path.text, reason(error))
        } catch {
            throw JSONError(.badValue, path: path.text, "\(error)")
        }
    }

    /// The types that need no decoder of their own.
    private func scalar<T>(_ type: T.Type) throws(JSONError) -> T? {
        if type == JSONValue.self { return value as? T }
        if type == String.self { return try text() as? T }
        if type == Bool.self { return try flag() as? T }
        if type == Int.self { return try whole(Int.self) as? T }
        if type == Int64.self { return try whole(Int64.self) as? T }
        if type == Double.self { return try number() as? T }
        return nil
    }

    func text() throws(JSONError) -> String {
        guard case .string(let text) = value else { throw wrongType("a string") }
        return text
    }

    func flag() throws(JSONError) -> Bool {
        guard case .bool(let flag) = value else { throw wrongType("a boolean") }
        return flag
    }

    func number() throws(JSONError) -> Double {
        guard let number = value.double else { throw wrongType("a number") }
        return number
    }

    func whole<T: FixedWidthInteger>(_ type: T.Type) throws(JSONError) -> T {
        guard let whole = value.int else { throw wrongType("a whole number") }
        guard let exact = T(exactly: whole) else {
            throw JSONError(.outOfRange, path: path.text, "\(whole) is not in \(T.min) to \(T.max)")
        }
        return exact
    }

    private func refuseUnknownKeys() throws(JSONError) {
        guard unknownKeys == .refuse, !knowsAll, access != .other else { return }
        guard case .object(let object) = value else { throw wrongType("an object") }
        try refuse(object)
    }

    private func refuse(_ object: JSONObject) throws(JSONError) {
        let known = Set(knownKeys)
        guard let unknown = object.members.first(where: { !known.contains($0.key) })?.key else { return }
        let hint =
            nearest(to: unknown, among: knownKeys).map { "did you mean \"\($0)\"?" }
            ?? (knownKeys.isEmpty ? "none is known here" : "known: \(knownKeys.sorted().joined(separator: ", "))")
        throw JSONError(.unknownKey, path: JSONPath.key(unknown, path).text, "unknown key, \(hint)")
    }

    private func reason(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context.debugDescription
        @unknown default: "\(error)"
        }
    }
}
