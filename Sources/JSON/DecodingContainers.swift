/// The members of an object by the keys of a type.
struct KeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: ValueDecoder
    let object: JSONObject

    var codingPath: [any CodingKey] { decoder.codingPath }

    /// Asking for all keys knows those that `Key` can hold: every key for a dictionary, the cases for an enum.
    var allKeys: [Key] {
        let keys = object.members.compactMap { Key(stringValue: $0.key) }
        if keys.count == object.count { decoder.knowAll() } else { keys.forEach { decoder.know($0.stringValue) } }
        return keys
    }

    func contains(_ key: Key) -> Bool {
        decoder.know(key.stringValue)
        return object[key.stringValue] != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool { try at(key).value.isNull }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try at(key).unbox(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try at(key).text() }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try at(key).flag() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try at(key).number() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try at(key).number()) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try at(key).whole(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try at(key).whole(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try at(key).whole(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try at(key).whole(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try at(key).whole(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try at(key).whole(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try at(key).whole(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try at(key).whole(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try at(key).whole(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try at(key).whole(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try at(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try at(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try at("super") }
    func superDecoder(forKey key: Key) throws -> any Decoder { try at(key) }

    private func at(_ key: Key) throws(JSONError) -> ValueDecoder { try at(key.stringValue) }

    private func at(_ key: String) throws(JSONError) -> ValueDecoder {
        decoder.know(key)
        let path = JSONPath.key(key, decoder.path)
        guard let value = object[key] else { throw JSONError(.missingKey, path: path.text, "is missing") }
        return decoder.child(value, path)
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
        guard try here().value.isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try take { try $0.unbox(type) } }
    mutating func decode(_ type: String.Type) throws -> String { try take { try $0.text() } }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try take { try $0.flag() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try take { try $0.number() } }
    mutating func decode(_ type: Float.Type) throws -> Float { try take { Float(try $0.number()) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try take { try $0.whole(type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try take { try $0.whole(type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try take { try $0.whole(type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try take { try $0.whole(type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try take { try $0.whole(type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try take { try $0.whole(type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try take { try $0.whole(type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try take { try $0.whole(type) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try take { try $0.whole(type) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try take { try $0.whole(type) } }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try take { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try take { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try take { $0 } }

    private mutating func take<T>(_ body: (ValueDecoder) throws -> T) throws -> T {
        let taken = try body(here())
        currentIndex += 1
        return taken
    }

    private func here() throws(JSONError) -> ValueDecoder {
        let path = JSONPath.index(currentIndex, decoder.path)
        guard currentIndex < values.count else { throw JSONError(.missingKey, path: path.text, "is missing") }
        return decoder.child(values[currentIndex], path)
    }
}

/// The value itself.
struct SingleDecoding: SingleValueDecodingContainer {
    let decoder: ValueDecoder

    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.value.isNull }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try again.unbox(type) }
    func decode(_ type: String.Type) throws -> String { try decoder.text() }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.flag() }
    func decode(_ type: Double.Type) throws -> Double { try decoder.number() }
    func decode(_ type: Float.Type) throws -> Float { Float(try decoder.number()) }
    func decode(_ type: Int.Type) throws -> Int { try decoder.whole(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.whole(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.whole(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.whole(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.whole(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.whole(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.whole(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.whole(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.whole(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.whole(type) }

    private var again: ValueDecoder { decoder.child(decoder.value, decoder.path) }
}
