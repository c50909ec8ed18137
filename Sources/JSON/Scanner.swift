/// Walks a text once and refuses whatever RFC 8259 does not allow, before json-c sees it: json-c reads `-01`, `2.`, NaN,
/// single quotes, comments and raw control characters even when it is told to be strict.
///
/// Nothing is allocated unless `places` or duplicate keys are asked for.
@safe struct Scanner: ~Copyable {
    // Only `byte(_:)` reads it, within its bounds; `withScanner` keeps it alive.
    private let bytes: UnsafeBufferPointer<UInt8>
    private let count: Int
    private let limits: JSONLimits
    private(set) var at = 0
    private var depth = 0
    /// The deepest nesting seen.
    private(set) var maxDepth = 0
    /// All members of all objects; a tree with fewer has lost duplicates.
    private(set) var memberCount = 0
    /// Where each value's key starts (an element: where it starts itself), by path.
    private(set) var places: [String: Int] = [:]
    private let recordsPlaces: Bool
    private let findsDuplicates: Bool

    private init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limits: JSONLimits, recordsPlaces: Bool, findsDuplicates: Bool
    ) {
        unsafe self.bytes = bytes
        count = bytes.count
        self.limits = limits
        self.recordsPlaces = recordsPlaces
        self.findsDuplicates = findsDuplicates
    }

    /// Scans the whole text and shows `body` what was learnt.
    static func scan<T>(
        _ bytes: Span<UInt8>, _ limits: JSONLimits, recordsPlaces: Bool = false, findsDuplicates: Bool = false,
        _ body: (borrowing Scanner) -> T
    ) throws(JSONError) -> T {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var scanner = unsafe Scanner(
                buffer, limits, recordsPlaces: recordsPlaces, findsDuplicates: findsDuplicates)
            try scanner.document()
            return body(scanner)
        }
    }

    /// One value, and white space around it.
    private mutating func document() throws(JSONError) {
        guard count <= limits.bytes else {
            throw JSONError(.tooLong, offset: limits.bytes, "the text is longer than \(limits.bytes) bytes")
        }
        skipSpace()
        guard at < count else { throw JSONError(.empty, offset: at, "the text is empty") }
        try value("")
        skipSpace()
        guard at == count else { throw unexpected(.trailingGarbage, "after the end of the document") }
    }

    // MARK: Values

    private mutating func value(_ path: String) throws(JSONError) {
        switch peek {
        case UInt8(ascii: "{"): try object(path)
        case UInt8(ascii: "["): try array(path)
        case UInt8(ascii: "\""): try string(isKey: false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: throw unexpected(.unexpectedCharacter, "where a value is expected")
        }
    }

    private mutating func object(_ path: String) throws(JSONError) {
        try enter()
        var seen: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return leave() }
        repeat {
            skipSpace()
            let start = at
            let key = try key()
            memberCount += 1
            if findsDuplicates, !seen.insert(key).inserted {
                throw JSONError(.duplicateKey, offset: start, "the key \"\(key)\" is there twice")
            }
            let inner = recordsPlaces ? place(path.isEmpty ? key : "\(path).\(key)", start) : ""
            try expect(UInt8(ascii: ":"), "after a key")
            skipSpace()
            try value(inner)
        } while try more(UInt8(ascii: "}"))
        leave()
    }

    private mutating func array(_ path: String) throws(JSONError) {
        try enter()
        skipSpace()
        if take(UInt8(ascii: "]")) { return leave() }
        var index = 0
        repeat {
            skipSpace()
            let inner = recordsPlaces ? place("\(path)[\(index)]", at) : ""
            try value(inner)
            index += 1
        } while try more(UInt8(ascii: "]"))
        leave()
    }

    /// A comma and another member, or the end.
    private mutating func more(_ end: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        if take(end) { return false }
        guard take(UInt8(ascii: ",")) else {
            throw unexpected(.unexpectedCharacter, "where a comma or the end is expected")
        }
        skipSpace()
        if peek == end { throw JSONError(.trailingComma, offset: at, "a comma before the end") }
        return true
    }

    /// Answers the key's text only when somebody needs it.
    private mutating func key() throws(JSONError) -> String {
        guard peek == UInt8(ascii: "\"") else {
            throw unexpected(.unexpectedCharacter, "where a key in double quotes is expected")
        }
        let start = at
        try string(isKey: true)
        guard recordsPlaces || findsDuplicates else { return "" }
        let text = copy(from: start)
        return try JSONValue(building: text, depth: 1).string ?? ""
    }

    private mutating func literal(_ word: String) throws(JSONError) {
        let start = at
        for byte in word.utf8 {
            guard take(byte) else {
                throw JSONError(.badLiteral, offset: start, "only true, false and null are words in JSON")
            }
        }
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) {
        let start = at
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            guard !isDigit(peek) else { throw badNumber(start, "a number has no leading zero") }
        } else {
            guard skipDigits() > 0 else { throw badNumber(start, "a number needs a digit before anything else") }
        }
        var isWhole = true
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard skipDigits() > 0 else { throw badNumber(start, "a digit is missing after the point") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { throw badNumber(start, "a digit is missing in the exponent") }
        }
        try range(start, isWhole: isWhole)
    }

    /// Up to 18 characters a whole number always fits; others are read to see.
    private func range(_ start: Int, isWhole: Bool) throws(JSONError) {
        if isWhole && at - start <= 18 { return }
        let text = String(decoding: copy(from: start), as: UTF8.self)
        if isWhole && Int64(text) == nil {
            throw JSONError(.numberOutOfRange, offset: start, "a whole number must fit in 64 bits with its sign")
        }
        if !isWhole && !(Double(text)?.isFinite ?? false) {
            throw JSONError(.numberOutOfRange, offset: start, "the number is too large")
        }
    }

    private func badNumber(_ offset: Int, _ message: String) -> JSONError {
        JSONError(at < count ? .badNumber : .unexpectedEnd, offset: offset, message)
    }

    private mutating func skipDigits() -> Int {
        let start = at
        while isDigit(peek) { at += 1 }
        return at - start
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    // MARK: Strings

    private mutating func string(isKey: Bool) throws(JSONError) {
        let start = at
        at += 1
        while at < count {
            switch byte(at) {
            case UInt8(ascii: "\""):
                at += 1
                return
            case UInt8(ascii: "\\"): try escape(isKey: isKey)
            case 0: throw JSONError(.nulCharacter, offset: at, "a NUL character")
            case 1..<0x20:
                throw JSONError(.controlCharacter, offset: at, "a control character in a string must be escaped")
            case 0x80...: try multibyte()
            default: at += 1
            }
        }
        throw JSONError(.unexpectedEnd, offset: start, "a string that begins here does not end")
    }

    private mutating func escape(isKey: Bool) throws(JSONError) {
        let start = at
        at += 1
        switch peek {
        case UInt8(ascii: "u"):
            at += 1
            try unicodeEscape(start, isKey: isKey)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 1
        default: throw JSONError(.badEscape, offset: start, "JSON has no such escape")
        }
    }

    private mutating func unicodeEscape(_ start: Int, isKey: Bool) throws(JSONError) {
        let unit = try fourDigits(start)
        switch unit {
        case 0 where isKey || !limits.allowsNUL: throw JSONError(.nulCharacter, offset: start, "a NUL character")
        case 0xDC00...0xDFFF: throw loneSurrogate(start)
        case 0xD800...0xDBFF:
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw loneSurrogate(start) }
            guard case 0xDC00...0xDFFF = try fourDigits(at - 2) else { throw loneSurrogate(start) }
        default: break
        }
    }

    private func loneSurrogate(_ offset: Int) -> JSONError {
        JSONError(.loneSurrogate, offset: offset, "half of a surrogate pair stands alone")
    }

    private mutating func fourDigits(_ start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = hexadecimal(peek) else {
                throw JSONError(.badEscape, offset: start, "\\u takes four hexadecimal digits")
            }
            unit = unit << 4 | digit
            at += 1
        }
        return unit
    }

    private func hexadecimal(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// One character of two to four bytes, after table 3-7 of the Unicode standard: no overlong form, no surrogate.
    private mutating func multibyte() throws(JSONError) {
        let second: ClosedRange<UInt8>
        let length: Int
        switch byte(at) {
        case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
        case 0xE0: (second, length) = (0xA0...0xBF, 3)
        case 0xED: (second, length) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
        case 0xF0: (second, length) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
        case 0xF4: (second, length) = (0x80...0x8F, 4)
        default: throw invalidUTF8()
        }
        guard at + length <= count, second.contains(byte(at + 1)) else { throw invalidUTF8() }
        for index in 2..<max(2, length) where byte(at + index) & 0xC0 != 0x80 { throw invalidUTF8() }
        at += length
    }

    private func invalidUTF8() -> JSONError { JSONError(.invalidUTF8, offset: at, "the bytes here are not UTF-8") }

    // MARK: Steps

    /// 0 outside the text, which no rule accepts.
    /// The bytes since `start`. A loop: a method of a non-escapable value can't be handed to `map`.
    private func copy(from start: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in start..<at { bytes.append(byte(index)) }
        return bytes
    }

    private func byte(_ index: Int) -> UInt8 {
        index >= 0 && index < count ? unsafe bytes[index] : 0
    }

    private var peek: UInt8 { byte(at) }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ byte: UInt8, _ place: String) throws(JSONError) {
        skipSpace()
        guard take(byte) else { throw unexpected(.unexpectedCharacter, "where a colon is expected \(place)") }
    }

    private mutating func skipSpace() {
        while at < count, isSpace(byte(at)) { at += 1 }
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private mutating func enter() throws(JSONError) {
        depth += 1
        maxDepth = max(maxDepth, depth)
        guard depth <= limits.depth else {
            throw JSONError(.tooDeep, offset: at, "nested deeper than \(limits.depth)")
        }
        at += 1
    }

    private mutating func leave() { depth -= 1 }

    private mutating func place(_ path: String, _ offset: Int) -> String {
        places[path] = offset
        return path
    }

    private func unexpected(_ code: JSONError.Code, _ place: String) -> JSONError {
        guard at < count else { return JSONError(.unexpectedEnd, offset: at, "the text ends \(place)") }
        switch byte(at) {
        case 0: return JSONError(.nulCharacter, offset: at, "a NUL character")
        case 0x80...: return JSONError(code, offset: at, "a character outside ASCII \(place)")
        case 0x20..<0x7F:
            return JSONError(code, offset: at, "\(Character(Unicode.Scalar(byte(at)))) \(place)")
        default: return JSONError(.controlCharacter, offset: at, "a control character \(place)")
        }
    }
}
