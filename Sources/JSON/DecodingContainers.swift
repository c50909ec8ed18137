/// The members of an object by the keys of a type.
struct KeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ValueDecoder
    let object: JSONObject

    var codingPath: [any CodingKey] { decoder.codingPath }

    /// Asking for all keys knows those that `Key` can hold: every key for a dictionary, the cases for an enum.
    var allKeys: [Key] {
        let keys = object.members.compactMap { Key(stringValue: $0.key) }
        if keys.count == object.count { decoder.knowAll() } else { keys.forEach { _ = find($0.stringValue) } }
        return keys
    }

    func contains(_ key: Key) -> Bool { find(key.stringValue) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder.unbox(type, member(key), at: path(key))
    }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).text(at: path(key)) }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).flag(at: path(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key).number(at: path(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try member(key).number(at: path(key))) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try whole(type, key) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try whole(type, key) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try whole(type, key) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try whole(type, key) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try whole(type, key) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try whole(type, key) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try whole(type, key) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try whole(type, key) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try whole(type, key) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try whole(type, key) }

    // As the library's own, but with one look for the member instead of three.
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try present(key).map { try decoder.unbox(type, $0, at: path(key)) }
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try present(key).map { try $0.text(at: path(key)) }
    }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try present(key).map { try $0.flag(at: path(key)) }
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try present(key).map { try $0.whole(type, at: path(key)) }
    }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try present(key).map { try $0.whole(type, at: path(key)) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try inner(key.stringValue).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try inner(key.stringValue).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try inner("super") }
    func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key.stringValue) }

    private func path(_ key: Key) -> JSONPath { .key(key.stringValue, decoder.path) }

    private func find(_ key: String) -> JSONValue? {
        let place = object.place(of: key)
        decoder.know(key, at: place)
        return place.map { object.members[$0].value }
    }

    /// Nil for a member that is null, too.
    private func present(_ key: Key) -> JSONValue? {
        guard let value = find(key.stringValue), !value.isNull else { return nil }
        return value
    }

    private func member(_ key: Key) throws(JSONError) -> JSONValue { try member(key.stringValue) }

    private func member(_ key: String) throws(JSONError) -> JSONValue {
        if let value = find(key) { return value }
        throw JSONError(.missingKey, path: JSONPath.key(key, decoder.path).text, "is missing")
    }

    private func whole<T: FixedWidthInteger>(_ type: T.Type, _ key: Key) throws(JSONError) -> T {
        try member(key).whole(type, at: path(key))
    }

    private func inner(_ key: String) throws(JSONError) -> ValueDecoder {
        decoder.child(try member(key), .key(key, decoder.path))
    }
}

/// The elements of an array, one after another.
struct UnkeyedDecoding: UnkeyedDecodingContainer {
    let decoder: ValueDecoder
    let values: [JSONValue]
    private(set) var currentIndex = 0

    init(decoder: ValueDecoder, values: [JSONValue]) {
        self.decoder = decoder
        self.values = values
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { values.count }
    var isAtEnd: Bool { currentIndex >= values.count }

    mutating func decodeNil() throws -> Bool {
        guard try here().isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try take { [decoder] in try decoder.unbox(type, $0, at: $1()) }
    }
    mutating func decode(_ type: String.Type) throws -> String { try take { try $0.text(at: $1()) } }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try take { try $0.flag(at: $1()) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try take { try $0.number(at: $1()) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try take { Float(try $0.number(at: $1())) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try take { try $0.whole(type, at: $1()) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try take { try $0.whole(type, at: $1()) } }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try inner().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try inner().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try inner() }

    /// Goes on to the next element when this one could be taken.
    private mutating func take<T>(_ body: (JSONValue, () -> JSONPath) throws -> T) throws -> T {
        let taken = try body(here()) { [decoder, currentIndex] in .index(currentIndex, decoder.path) }
        currentIndex += 1
        return taken
    }

    private mutating func inner() throws -> ValueDecoder { try take { [decoder] in decoder.child($0, $1()) } }

    private func here() throws(JSONError) -> JSONValue {
        if currentIndex < values.count { return values[currentIndex] }
        throw JSONError(.missingKey, path: JSONPath.index(currentIndex, decoder.path).text, "is missing")
    }
}

/// The value itself.
struct SingleDecoding: SingleValueDecodingContainer {
    let decoder: ValueDecoder

    var codingPath: [any CodingKey] { decoder.codingPath }
    private var value: JSONValue { decoder.value }
    private var path: JSONPath { decoder.path }

    func decodeNil() -> Bool { value.isNull }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.unbox(type, value, at: path) }
    func decode(_ type: String.Type) throws -> String { try value.text(at: path) }
    func decode(_ type: Bool.Type) throws -> Bool { try value.flag(at: path) }
    func decode(_ type: Double.Type) throws -> Double { try value.number(at: path) }
    func decode(_ type: Float.Type) throws -> Float { Float(try value.number(at: path)) }
    func decode(_ type: Int.Type) throws -> Int { try value.whole(type, at: path) }
    func decode(_ type: Int8.Type) throws -> Int8 { try value.whole(type, at: path) }
    func decode(_ type: Int16.Type) throws -> Int16 { try value.whole(type, at: path) }
    func decode(_ type: Int32.Type) throws -> Int32 { try value.whole(type, at: path) }
    func decode(_ type: Int64.Type) throws -> Int64 { try value.whole(type, at: path) }
    func decode(_ type: UInt.Type) throws -> UInt { try value.whole(type, at: path) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try value.whole(type, at: path) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try value.whole(type, at: path) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try value.whole(type, at: path) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try value.whole(type, at: path) }
}
