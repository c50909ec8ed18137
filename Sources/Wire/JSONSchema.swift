internal import Drivers
public import JSON
public import Model

/// JSON Schema, made from the type that decodes: a type is asked to decode itself from a recorder that notes every key it
/// wants and how.
public enum JSONSchema {
    /// The schema of a type. A type that can't be recorded (its decoding depends on values) describes itself by
    /// `SchemaDescribing`.
    public static func of<T: Decodable>(_ type: T.Type) -> JSONValue { schema(type) }

    static func schema(_ type: any Decodable.Type) -> JSONValue {
        if let described = type as? any SchemaDescribing.Type { return described.schema }
        if let simple = simple(type) { return simple }
        if let words = type as? any WordList.Type {
            return ["type": "string", "enum": .array(words.words.map { .string($0) })]
        }
        if let list = type as? any ElementList.Type { return ["type": "array", "items": schema(list.element)] }
        if let map = type as? any ValueMap.Type {
            return ["type": "object", "additionalProperties": schema(map.value)]
        }
        let recorder = Recorder()
        // What the recorder hands out may be refused by the type; the keys were asked for before that.
        _ = try? type.init(from: recorder)
        return recorder.schema
    }

    private static func simple(_ type: any Decodable.Type) -> JSONValue? {
        switch type {
        case is String.Type: ["type": "string"]
        case is Bool.Type: ["type": "boolean"]
        case is Int.Type, is Int64.Type, is Int32.Type: ["type": "integer"]
        case is UInt32.Type, is UInt64.Type, is UInt16.Type: ["type": "integer", "minimum": 0]
        case is Double.Type: ["type": "number"]
        case is JSONValue.Type: [:]
        default: nil
        }
    }
}

/// A type that knows its own schema: one that refuses an empty value, and so can't be recorded.
public protocol SchemaDescribing {
    static var schema: JSONValue { get }
    /// Any value of it, for the recording of types that hold one.
    static var example: Self? { get }
}

extension ContainerID: SchemaDescribing {
    public static var schema: JSONValue { ["type": "string", "pattern": "^[0-9a-f]{16}$"] }
    public static var example: ContainerID? { .random() }
}

extension ContainerName: SchemaDescribing {
    public static var schema: JSONValue { ["type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$"] }
    public static var example: ContainerName? { try? ContainerName("a") }
}

extension LayerID: SchemaDescribing {
    public static var schema: JSONValue { ["type": "string", "pattern": "^[0-9a-f]{64}$"] }
    public static var example: LayerID? { try? LayerID(String(repeating: "0", count: 64)) }
}

// MARK: Shapes that a metatype alone tells

protocol WordList {
    static var words: [String] { get }
    static var first: Self? { get }
}

extension ErrorCode: WordList {}
extension ContainerPhase: WordList {}
extension Event.Kind: WordList {}
extension Right: WordList {}
extension Lane: WordList {}
extension MountSpec.Kind: WordList {}
extension MountSpec.Propagation: WordList {}
extension UserNamespaceSpec.Mode: WordList {}
extension RestartPolicy.Name: WordList {}
extension Dependency.Condition: WordList {}
extension HealthSpec.Probe: WordList {}
extension HealthSpec.Action: WordList {}
extension ContainerWait.Condition: WordList {}
extension HealthStatus.Word: WordList {}
extension RootfsChange.Kind: WordList {}
extension ExitReason: WordList {}
extension PolicySpec.Action: WordList {}

extension WordList where Self: RawRepresentable & CaseIterable, RawValue == String {
    static var words: [String] { allCases.map(\.rawValue) }
    static var first: Self? { allCases.first }
}

private protocol ElementList {
    static var element: any Decodable.Type { get }
}

extension Array: ElementList where Element: Decodable {
    fileprivate static var element: any Decodable.Type { Element.self }
}

private protocol ValueMap {
    static var value: any Decodable.Type { get }
}

extension Dictionary: ValueMap where Key == String, Value: Decodable {
    fileprivate static var value: any Decodable.Type { Value.self }
}

private protocol Nullable {
    static var wrapped: any Decodable.Type { get }
}

extension Optional: Nullable where Wrapped: Decodable {
    fileprivate static var wrapped: any Decodable.Type { Wrapped.self }
}

// MARK: Recording

private struct EndOfRecording: Error {}

/// A decoder that answers every question with the emptiest value and writes the questions down.
private final class Recorder: Decoder {
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var properties = JSONObject()
    private var required: [String] = []
    private var optional: Set<String> = []
    private var other: JSONValue?

    var schema: JSONValue {
        if let other { return other }
        var object: JSONObject = JSONObject()
        object["type"] = "object"
        object["properties"] = .object(properties)
        if !required.isEmpty { object["required"] = .array(required.map { .string($0) }) }
        object["additionalProperties"] = false
        return .object(object)
    }

    func note(_ key: String, _ type: any Decodable.Type, isRequired: Bool) {
        let type = (type as? any Nullable.Type)?.wrapped ?? type
        properties[key] = JSONSchema.schema(type)
        if isRequired, !optional.contains(key), !required.contains(key) { required.append(key) }
    }

    /// Whoever asks whether a key is there can do without it.
    func noteQuestion(_ key: String) { optional.insert(key) }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordingKeys<Key>(recorder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw EndOfRecording() }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { RecordingValue(recorder: self) }

    func become(_ type: any Decodable.Type) { other = JSONSchema.schema(type) }
}

private struct RecordingKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    /// The standard `decodeIfPresent` of texts, numbers and flags asks this, then `decodeNil`, then decodes.
    func contains(_ key: Key) -> Bool {
        recorder.noteQuestion(key.stringValue)
        return true
    }

    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        recorder.note(key.stringValue, type, isRequired: !(type is any Nullable.Type))
        return try empty(type)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        recorder.note(key.stringValue, type, isRequired: false)
        return nil
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw EndOfRecording() }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw EndOfRecording() }
    func superDecoder() throws -> any Decoder { recorder }
    func superDecoder(forKey key: Key) throws -> any Decoder { recorder }
}

private struct RecordingValue: SingleValueDecodingContainer {
    let recorder: Recorder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        recorder.become(type)
        return try empty(type)
    }
}

/// The emptiest value of a type, so that its initialiser goes on to its next question.
private func empty<T: Decodable>(_ type: T.Type) throws -> T {
    let candidates: [Any] = [
        "", false, 0, Int64(0), Int32(0), UInt16(0), UInt32(0), UInt64(0), 0.0, JSONValue.null,
    ]
    for candidate in candidates { if let value = candidate as? T { return value } }
    if let word = (T.self as? any WordList.Type)?.first as? T { return word }
    if let example = (T.self as? any SchemaDescribing.Type)?.example as? T { return example }
    if let list = T.self as? any EmptyMaking.Type, let value = list.none as? T { return value }
    return try T(from: Recorder())
}

private protocol EmptyMaking {
    static var none: Any { get }
}

extension Array: EmptyMaking { fileprivate static var none: Any { [] as [Element] } }
extension Dictionary: EmptyMaking { fileprivate static var none: Any { [:] as [Key: Value] } }
