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
    /// Which of the object's first 64 members are known, a bit for each.
    private var knownPlaces: UInt64 = 0
    private var knowsAll = false

    init(_ value: JSONValue, path: JSONPath, unknownKeys: UnknownKeys) {
        self.value = value
        self.path = path
        self.unknownKeys = unknownKeys
    }

    var codingPath: [any CodingKey] { path.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw value.wrongType("an object", at: path) }
        access = .keys
        return KeyedDecodingContainer(KeyedDecoding(decoder: self, object: object))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let values) = value else { throw value.wrongType("an array", at: path) }
        access = .other
        return UnkeyedDecoding(decoder: self, values: values)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        access = .other
        return SingleDecoding(decoder: self)
    }

    /// - Parameter place: of the object's member with this key, when there is one.
    func know(_ key: String, at place: Int?) {
        guard unknownKeys == .refuse, !knowsAll else { return }
        if knownKeys.isEmpty { knownKeys.reserveCapacity(16) }
        knownKeys.append(key)
        // A shift too far makes nothing of it.
        if let place { knownPlaces |= 1 << UInt64(place) }
    }

    /// Every key of the object is known, as for a dictionary.
    func knowAll() { knowsAll = true }

    /// A value's own decoder, from here on.
    func child(_ value: JSONValue, _ path: JSONPath) -> ValueDecoder {
        ValueDecoder(value, path: path, unknownKeys: unknownKeys)
    }
}

extension ValueDecoder {
    /// A value inside this one as `T`, all its keys accounted for.
    func unbox<T: Decodable>(
        _ type: T.Type, _ value: JSONValue, at path: @autoclosure () -> JSONPath
    ) throws(JSONError) -> T {
        if let scalar = try value.scalar(type, at: path()) { return scalar }
        return try child(value, path()).unbox(type)
    }

    /// The value as `T`, all its keys accounted for.
    func unbox<T: Decodable>(_ type: T.Type) throws(JSONError) -> T {
        if let scalar = try value.scalar(type, at: path) { return scalar }
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

    private func refuseUnknownKeys() throws(JSONError) {
        guard unknownKeys == .refuse, !knowsAll, access != .other else { return }
        guard case .object(let object) = value else { throw value.wrongType("an object", at: path) }
        if object.count <= 64, knownPlaces.nonzeroBitCount == object.count { return }
        try refuse(object)
    }

    private func refuse(_ object: JSONObject) throws(JSONError) {
        let known = Set(knownKeys)
        guard let unknown = object.members.first(where: { !known.contains($0.key) })?.key else { return }
        let hint =
            nearest(to: unknown, among: known.sorted()).map { "did you mean \"\($0)\"?" }
            ?? (known.isEmpty ? "none is known here" : "known: \(known.sorted().joined(separator: ", "))")
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

// MARK: Values that need no decoder of their own
extension JSONValue {
    /// Nil for a type that needs one. The path is asked for only when the value is none of the type.
    func scalar<T>(_ type: T.Type, at path: @autoclosure () -> JSONPath) throws(JSONError) -> T? {
        if type == String.self { return try text(at: path()) as? T }
        if type == JSONValue.self { return self as? T }
        if type == Bool.self { return try flag(at: path()) as? T }
        if type == Int.self { return try whole(Int.self, at: path()) as? T }
        if type == Int64.self { return try whole(Int64.self, at: path()) as? T }
        if type == Double.self { return try number(at: path()) as? T }
        return nil
    }

    func text(at path: @autoclosure () -> JSONPath) throws(JSONError) -> String {
        guard case .string(let text) = self else { throw wrongType("a string", at: path()) }
        return text
    }

    func flag(at path: @autoclosure () -> JSONPath) throws(JSONError) -> Bool {
        guard case .bool(let flag) = self else { throw wrongType("a boolean", at: path()) }
        return flag
    }

    func number(at path: @autoclosure () -> JSONPath) throws(JSONError) -> Double {
        guard let number = double else { throw wrongType("a number", at: path()) }
        return number
    }

    func whole<T: FixedWidthInteger>(
        _ type: T.Type, at path: @autoclosure () -> JSONPath
    ) throws(JSONError) -> T {
        guard let whole = int else { throw wrongType("a whole number", at: path()) }
        guard let exact = T(exactly: whole) else {
            throw JSONError(.outOfRange, path: path().text, "\(whole) is not in \(T.min) to \(T.max)")
        }
        return exact
    }

    func wrongType(_ expected: String, at path: JSONPath) -> JSONError {
        JSONError(.wrongType, path: path.text, "expected \(expected), found \(kind)")
    }
}
