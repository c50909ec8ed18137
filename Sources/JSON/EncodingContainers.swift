/// The members of an object, written by the keys of a type.
struct KeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { encoder.set(key.stringValue, .null) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { encoder.set(key.stringValue, try .boxing(value)) }
    func encode(_ value: String, forKey key: Key) { encoder.set(key.stringValue, .string(value)) }
    func encode(_ value: Bool, forKey key: Key) { encoder.set(key.stringValue, .bool(value)) }
    func encode(_ value: Double, forKey key: Key) throws { encoder.set(key.stringValue, try .number(value)) }
    func encode(_ value: Float, forKey key: Key) throws { encoder.set(key.stringValue, try .number(Double(value))) }
    func encode(_ value: Int, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: Int8, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: Int16, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: Int32, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: Int64, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: UInt, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: UInt8, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: UInt16, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: UInt32, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }
    func encode(_ value: UInt64, forKey key: Key) throws { encoder.set(key.stringValue, try .whole(value)) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder.open(key.stringValue).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.open(key.stringValue).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder.open("super") }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.open(key.stringValue) }
}

/// The elements of an array.
struct UnkeyedEncoding: UnkeyedEncodingContainer {
    let encoder: ValueEncoder
    private(set) var count = 0

    init(encoder: ValueEncoder) { self.encoder = encoder }

    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil() { append(.null) }
    mutating func encode<T: Encodable>(_ value: T) throws { append(try .boxing(value)) }
    mutating func encode(_ value: String) { append(.string(value)) }
    mutating func encode(_ value: Bool) { append(.bool(value)) }
    mutating func encode(_ value: Double) throws { append(try .number(value)) }
    mutating func encode(_ value: Float) throws { append(try .number(Double(value))) }
    mutating func encode(_ value: Int) throws { append(try .whole(value)) }
    mutating func encode(_ value: Int8) throws { append(try .whole(value)) }
    mutating func encode(_ value: Int16) throws { append(try .whole(value)) }
    mutating func encode(_ value: Int32) throws { append(try .whole(value)) }
    mutating func encode(_ value: Int64) throws { append(try .whole(value)) }
    mutating func encode(_ value: UInt) throws { append(try .whole(value)) }
    mutating func encode(_ value: UInt8) throws { append(try .whole(value)) }
    mutating func encode(_ value: UInt16) throws { append(try .whole(value)) }
    mutating func encode(_ value: UInt32) throws { append(try .whole(value)) }
    mutating func encode(_ value: UInt64) throws { append(try .whole(value)) }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        open().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { open().unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { open() }

    private mutating func append(_ value: JSONValue) {
        encoder.append(.value(value))
        count += 1
    }

    private mutating func open() -> ValueEncoder {
        let inner = ValueEncoder()
        encoder.append(.open(inner))
        count += 1
        return inner
    }
}

/// The value itself.
struct SingleEncoding: SingleValueEncodingContainer {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { [] }

    func encodeNil() { encoder.node = .value(.null) }
    func encode<T: Encodable>(_ value: T) throws { encoder.node = .value(try .boxing(value)) }
    func encode(_ value: String) { encoder.node = .value(.string(value)) }
    func encode(_ value: Bool) { encoder.node = .value(.bool(value)) }
    func encode(_ value: Double) throws { encoder.node = .value(try .number(value)) }
    func encode(_ value: Float) throws { encoder.node = .value(try .number(Double(value))) }
    func encode(_ value: Int) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: Int8) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: Int16) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: Int32) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: Int64) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: UInt) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: UInt8) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: UInt16) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: UInt32) throws { encoder.node = .value(try .whole(value)) }
    func encode(_ value: UInt64) throws { encoder.node = .value(try .whole(value)) }
}
