internal import CJSON

/// What a text may be at most.
public struct JSONLimits: Sendable, Hashable {
    /// Objects and arrays inside each other.
    public var depth: Int
    public var bytes: Int
    /// Whether `\u0000` may stand in a string that is no key. A NUL byte itself never may.
    public var allowsNUL: Bool

    /// Defaults are the protocol's: depth 64, 1 MiB.
    public init(depth: Int = 64, bytes: Int = 1 << 20, allowsNUL: Bool = false) {
        self.depth = depth
        self.bytes = bytes
        self.allowsNUL = allowsNUL
    }
}

extension JSONValue {
    /// Reads one document. Throws with the code and the byte offset of the first thing that RFC 8259 forbids, of a
    /// duplicate key, and of whatever exceeds `limits`.
    public init(parsing bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let seen = try Scanner.scan(bytes, limits) { (depth: $0.maxDepth, members: $0.memberCount) }
        var builder = Builder()
        self = try builder.build(bytes, depth: seen.depth)
        guard builder.memberCount == seen.members else { throw duplicateKey(bytes, limits) }
    }

    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    public init(parsing bytes: ArraySlice<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: bytes.span, limits: limits)
    }

    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8).span, limits: limits)
    }

    /// Reads without the scanner, for a text that it has accepted.
    init(building bytes: [UInt8], depth: Int) throws(JSONError) {
        var builder = Builder()
        self = try builder.build(bytes.span, depth: depth)
    }
}

/// json-c keeps only the last of two equal keys, so the tree shows that there were some; a second scan finds where.
private func duplicateKey(_ bytes: Span<UInt8>, _ limits: JSONLimits) -> JSONError {
    do { try Scanner.scan(bytes, limits, findsDuplicates: true) { _ in } } catch { return error }
    return JSONError(.duplicateKey, offset: 0, "a key is there twice")
}

/// Turns json-c's tree into ours in one walk.
private struct Builder {
    var memberCount = 0

    mutating func build(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        // json-c counts the scalar inside the deepest container as one more level.
        guard let tokener = unsafe json_tokener_new_ex(Int32(clamping: depth + 1)) else { throw outOfMemory() }
        defer { unsafe json_tokener_free(tokener) }
        unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)
        let tree = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) {
                unsafe json_tokener_parse_ex(tokener, $0.baseAddress, Int32(clamping: $0.count))
            }
        }
        defer { unsafe json_object_put(tree) }
        // A number or word at the very end leaves json-c waiting for more of it.
        switch unsafe json_tokener_get_error(tokener) {
        case json_tokener_success: break
        case json_tokener_continue: return try unsafe finish(tokener)
        case let error: throw unsafe refused(error, tokener)
        }
        return unsafe value(tree)
    }

    /// Shows json-c the end of the text, a NUL in its own terms.
    private mutating func finish(_ tokener: UnsafeMutablePointer<json_tokener>) throws(JSONError) -> JSONValue {
        let tree = unsafe json_tokener_parse_ex(tokener, "", 1)
        defer { unsafe json_object_put(tree) }
        let error = unsafe json_tokener_get_error(tokener)
        guard error == json_tokener_success else { throw unsafe refused(error, tokener) }
        return unsafe value(tree)
    }

    private func refused(_ error: json_tokener_error, _ tokener: UnsafeMutablePointer<json_tokener>) -> JSONError {
        let reason = unsafe json_tokener_error_desc(error).map { unsafe String(cString: $0) } ?? "unknown"
        let offset = unsafe json_tokener_get_parse_end(tokener)
        return JSONError(.unexpectedCharacter, offset: offset, "json-c: \(reason)")
    }

    private func outOfMemory() -> JSONError { JSONError(.tooLong, offset: 0, "json-c has no memory") }

    private mutating func value(_ tree: OpaquePointer?) -> JSONValue {
        switch unsafe json_object_get_type(tree) {
        case json_type_boolean: .bool(unsafe json_object_get_boolean(tree) != 0)
        case json_type_int: .int(unsafe json_object_get_int64(tree))
        case json_type_double: .double(unsafe json_object_get_double(tree))
        case json_type_string: .string(unsafe string(tree))
        case json_type_array: .array(unsafe array(tree))
        case json_type_object: .object(unsafe object(tree))
        default: .null
        }
    }

    private func string(_ tree: OpaquePointer?) -> String {
        let count = unsafe Int(json_object_get_string_len(tree))
        guard let start = unsafe json_object_get_string(tree) else { return "" }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    private mutating func array(_ tree: OpaquePointer?) -> [JSONValue] {
        let count = unsafe json_object_array_length(tree)
        var values: [JSONValue] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(unsafe value(json_object_array_get_idx(tree, index))) }
        return values
    }

    private mutating func object(_ tree: OpaquePointer?) -> JSONObject {
        var object = JSONObject(minimumCapacity: unsafe Int(json_object_object_length(tree)))
        var entry = unsafe json_object_get_object(tree)?.pointee.head
        while let here = unsafe entry {
            let key = unsafe String(cString: here.pointee.k.assumingMemoryBound(to: CChar.self))
            let member = unsafe value(OpaquePointer(here.pointee.v))
            if object.append(key, member) { memberCount += 1 }
            unsafe entry = here.pointee.next
        }
        return object
    }
}
