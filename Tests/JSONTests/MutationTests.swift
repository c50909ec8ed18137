import CJSON
import JSON
import TestSupport
import Testing

private let seeds: [String] = [
    """
    {"id":7,"method":"container.create","params":{"image":"debian","labels":{"a":"b"},"n":[1,-2.5e3,true,null]}}
    """,
    "[\"\\u00e9\\ud83d\\ude00\\n\", \"\u{1F600}é\", {\"\":{}}, [[[]]], 0.1, -0, 9223372036854775807]",
    "{\"a\":1,\"b\":{\"a\":[{\"c\":\"d\"}]},\"e\":false}",
]

private let tokens = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "0", "-", ".", "e", "null", "//", "\n", "NaN",
]

private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let at = Int.random(in: 0...bytes.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
    case 1 where at < bytes.count: bytes.remove(at: at)
    case 2 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 3: bytes.insert(contentsOf: bytes[(at / 2)..<at], at: at)
    default: bytes.insert(contentsOf: (tokens.randomElement(using: &random) ?? "").utf8, at: at)
    }
}

private func jsonCAccepts(_ bytes: [UInt8]) -> Bool {
    guard let tokener = unsafe json_tokener_new_ex(100) else { return false }
    defer { unsafe json_tokener_free(tokener) }
    unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)
    let text = bytes.map { CChar(bitPattern: $0) } + [0]
    let tree = unsafe json_tokener_parse_ex(tokener, text, Int32(text.count))
    defer { unsafe json_object_put(tree) }
    return unsafe json_tokener_get_error(tokener) == json_tokener_success
}

struct MutationTests {
    @Test(arguments: 1...4)
    func `a mutated document is refused, or read alike by json-c and by ourselves again`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var accepted = 0
        for _ in 0..<5_000 {
            var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            accepted += 1
            #expect(jsonCAccepts(bytes))
            #expect(try JSONValue(parsing: String(json: value)) == value)
            #expect(try JSONValue(parsing: String(json: value, pretty: true)) == value)
        }
        #expect(accepted > 0)
    }
}
