import JSON
import Testing

/// A text that must be refused, by name, with the code it must be refused with.
struct BadDocument: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let code: JSONError.Code

    init(_ name: String, _ text: String, _ code: JSONError.Code) {
        self.init(name, Array(text.utf8), code)
    }

    init(_ name: String, _ bytes: [UInt8], _ code: JSONError.Code) {
        self.name = name
        self.bytes = bytes
        self.code = code
    }

    var testDescription: String { name }

    /// A string whose contents are these bytes.
    static func string(_ name: String, _ inside: [UInt8], _ code: JSONError.Code) -> BadDocument {
        BadDocument(name, [0x22] + inside + [0x22], code)
    }
}

private let badDocuments: [BadDocument] = [
    BadDocument("nothing", "", .empty),
    BadDocument("only white space", " \n\t", .empty),
    BadDocument("a byte order mark", "\u{FEFF}{}", .unexpectedCharacter),
    BadDocument("a form feed as space", "\u{0C}1", .controlCharacter),
    BadDocument("a no-break space", "[\u{A0}1]", .unexpectedCharacter),
    BadDocument("a NUL byte alone", [0], .nulCharacter),
    BadDocument("a NUL byte behind the document", Array("{}".utf8) + [0], .nulCharacter),

    // Numbers
    BadDocument("a leading zero", "01", .badNumber),
    BadDocument("a negative leading zero", "[-01]", .badNumber),
    BadDocument("no digit behind the point", "[2.]", .badNumber),
    BadDocument("no digit behind the point, at the end", "2.", .unexpectedEnd),
    BadDocument("no digit before the point", "[.5]", .unexpectedCharacter),
    BadDocument("a plus sign", "[+1]", .unexpectedCharacter),
    BadDocument("an exponent without digits", "[1e]", .badNumber),
    BadDocument("an exponent with a sign alone", "[1e+]", .badNumber),
    BadDocument("a point before the exponent", "[1.e3]", .badNumber),
    BadDocument("two signs", "[--1]", .badNumber),
    BadDocument("a minus alone", "[-]", .badNumber),
    BadDocument("hexadecimal", "[0x1F]", .unexpectedCharacter),
    BadDocument("an underscore", "[1_000]", .unexpectedCharacter),
    BadDocument("two points", "[1.2.3]", .unexpectedCharacter),
    BadDocument("NaN", "[NaN]", .unexpectedCharacter),
    BadDocument("nan", "[nan]", .badLiteral),
    BadDocument("Infinity", "[Infinity]", .unexpectedCharacter),
    BadDocument("negative Infinity", "[-Infinity]", .badNumber),
    BadDocument("one more than Int64 holds", "9223372036854775808", .numberOutOfRange),
    BadDocument("one less than Int64 holds", "-9223372036854775809", .numberOutOfRange),
    BadDocument("a hundred digits", String(repeating: "9", count: 100), .numberOutOfRange),
    BadDocument("a too large exponent", "[1e999]", .numberOutOfRange),

    // Words
    BadDocument("True", "True", .unexpectedCharacter),
    BadDocument("a word cut short", "tru", .badLiteral),
    BadDocument("a word in capitals", "[nULL]", .badLiteral),
    BadDocument("undefined", "undefined", .unexpectedCharacter),

    // Strings
    BadDocument("single quotes", "['a']", .unexpectedCharacter),
    BadDocument("a string without end", "\"abc", .unexpectedEnd),
    BadDocument("a backslash at the end", "\"abc\\", .badEscape),
    BadDocument("an unknown escape", "\"\\x41\"", .badEscape),
    BadDocument("an escaped single quote", "\"\\'\"", .badEscape),
    BadDocument("three hexadecimal digits", "\"\\u12\"", .badEscape),
    BadDocument("\\u without digits", "\"\\uZZZZ\"", .badEscape),
    BadDocument("a raw newline", "\"a\nb\"", .controlCharacter),
    BadDocument("a raw tab", "\"a\tb\"", .controlCharacter),
    BadDocument.string("a raw NUL", [0], .nulCharacter),
    BadDocument("an escaped NUL", "\"\\u0000\"", .nulCharacter),
    BadDocument("an escaped NUL in a key", "{\"a\\u0000b\":1}", .nulCharacter),
    BadDocument("a lone high surrogate", "\"\\uD83D\"", .loneSurrogate),
    BadDocument("a lone low surrogate", "\"\\uDE00\"", .loneSurrogate),
    BadDocument("two high surrogates", "\"\\uD83D\\uD83D\"", .loneSurrogate),
    BadDocument("a high surrogate and a letter", "\"\\uD83Dabc\"", .loneSurrogate),

    // UTF-8
    BadDocument.string("a continuation byte alone", [0x80], .invalidUTF8),
    BadDocument.string("an overlong slash", [0xC0, 0xAF], .invalidUTF8),
    BadDocument.string("an overlong NUL", [0xC0, 0x80], .invalidUTF8),
    BadDocument.string("an overlong form of three bytes", [0xE0, 0x80, 0xAF], .invalidUTF8),
    BadDocument.string("an overlong form of four bytes", [0xF0, 0x80, 0x80, 0xAF], .invalidUTF8),
    BadDocument.string("a surrogate in UTF-8", [0xED, 0xA0, 0x80], .invalidUTF8),
    BadDocument.string("above U+10FFFF", [0xF4, 0x90, 0x80, 0x80], .invalidUTF8),
    BadDocument.string("a byte that UTF-8 has not", [0xFF], .invalidUTF8),
    BadDocument.string("a character cut short", [0xE2, 0x82], .invalidUTF8),
    BadDocument("a character cut short at the end", [0x22, 0xE2], .invalidUTF8),
    BadDocument.string("Latin-1", [0xE9], .invalidUTF8),

    // Structure
    BadDocument("an array without end", "[1", .unexpectedEnd),
    BadDocument("an object without end", "{\"a\":1", .unexpectedEnd),
    BadDocument("an object without value", "{\"a\":", .unexpectedEnd),
    BadDocument("an object without colon", "{\"a\" 1}", .unexpectedCharacter),
    BadDocument("an object with a bare key", "{a:1}", .unexpectedCharacter),
    BadDocument("an object with a number as key", "{1:1}", .unexpectedCharacter),
    BadDocument("a comma before the end of an array", "[1,]", .trailingComma),
    BadDocument("a comma before the end of an object", "{\"a\":1,}", .trailingComma),
    BadDocument("only a comma", "[,]", .unexpectedCharacter),
    BadDocument("two commas", "[1,,2]", .unexpectedCharacter),
    BadDocument("no comma", "[1 2]", .unexpectedCharacter),
    BadDocument("the wrong bracket", "[1}", .unexpectedCharacter),
    BadDocument("a bracket too many", "[1]]", .trailingGarbage),
    BadDocument("two documents", "{} {}", .trailingGarbage),
    BadDocument("a word behind the document", "{}x", .trailingGarbage),
    BadDocument("a line comment", "{} // no", .trailingGarbage),
    BadDocument("a comment inside", "[1, /* no */ 2]", .unexpectedCharacter),
    BadDocument("a comment with #", "# no\n1", .unexpectedCharacter),
    BadDocument("65 arrays", String(repeating: "[", count: 65) + String(repeating: "]", count: 65), .tooDeep),
    BadDocument("100,000 arrays without end", String(repeating: "[", count: 100_000), .tooDeep),

    // Keys
    BadDocument("a key twice", "{\"a\":1,\"a\":2}", .duplicateKey),
    BadDocument("a key twice, once escaped", "{\"a\":1,\"\\u0061\":2}", .duplicateKey),
    BadDocument("a key twice, deep down", "[{\"x\":{\"b\":1,\"b\":1}}]", .duplicateKey),
    BadDocument("a key twice with an object inside", "{\"a\":{\"b\":1},\"a\":{}}", .duplicateKey),
    BadDocument("the empty key twice", "{\"\":1,\"\":2}", .duplicateKey),
    BadDocument("a key twice, as Unicode sees it", "{\"\u{E9}\":1,\"e\u{301}\":2}", .duplicateKey),
]

private let goodDocuments: [(String, JSONValue)] = [
    ("0", JSONValue.int(0)), ("-0", .int(0)), (" [ ] ", []), ("{}", [:]), ("1e2", 100.0), ("-1.5E-1", -0.15),
    ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)), ("\"\\u00e9\"", "\u{E9}"),
    ("\"\\ud83d\\ude00\"", "\u{1F600}"), ("\"\\/\\b\\f\\n\\r\\t\\\\\\\"\"", "/\u{8}\u{c}\n\r\t\\\""),
    ("{\"a\":{\"a\":{\"a\":null}}}", ["a": ["a": ["a": nil]]]), ("true", true), ("\"\u{7F}\"", "\u{7F}"), ("1.0", 1.0),
]

struct StrictnessTests {
    @Test(arguments: badDocuments)
    func `a bad document is refused by its code`(_ document: BadDocument) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: document.bytes) }
        #expect(error?.code == document.code)
        #expect((error?.offset ?? -1) >= 0)
        #expect((error?.offset ?? 0) <= document.bytes.count)
    }

    @Test(arguments: [
        ("[1,\n 2.]", 5), ("{\"a\":1,\"a\":2}", 7), ("{\"k\": tru}", 6), ("[1] x", 4), ("\"a\u{1}\"", 2),
    ])
    func `the offset is that of the bad byte`(_ text: String, _ offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.offset == offset)
    }

    @Test(arguments: goodDocuments)
    func `a good document is taken as it is`(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test func `depth 64 is allowed`() throws {
        let text = String(repeating: "[", count: 64) + "1" + String(repeating: "]", count: 64)
        #expect(try JSONValue(parsing: text).description == text)
    }

    @Test func `an escaped NUL is taken where the limits allow it`() throws {
        let limits = JSONLimits(allowsNUL: true)
        #expect(try JSONValue(parsing: "\"a\\u0000b\"", limits: limits) == "a\0b")
        #expect(throws: JSONError.self) { try JSONValue(parsing: "{\"\\u0000\":1}", limits: limits) }
    }

    @Test func `a text over the limit is refused`() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[1,2]", limits: JSONLimits(bytes: 4)) }
        #expect(error?.code == .tooLong)
    }

    @Test func `an object of 100,000 keys is read, and a repeated one among them is found`() throws {
        let members = (0..<100_000).map { "\"k\($0)\":1" }
        let limits = JSONLimits(bytes: 1 << 22)
        let whole = try JSONValue(parsing: "{\(members.joined(separator: ","))}", limits: limits)
        #expect(whole.object?.count == 100_000)
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: "{\((members + ["\"k5\":2"]).joined(separator: ","))}", limits: limits)
        }
        #expect(error?.code == .duplicateKey)
    }
}
