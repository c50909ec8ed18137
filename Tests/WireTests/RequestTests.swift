import JSON
import Model
import Testing
import Wire

private let refused: [(line: JSONValue, id: JSONValue?, word: String)] = [
    ([], nil, "object"), ("ping", nil, "object"), (7, nil, "object"), (nil, nil, "object"),
    ([:], nil, "method"), (["id": 1], 1, "method"), (["id": 1, "method": 5], 1, "method"),
    (["id": 1, "method": nil], 1, "method"),
    (["id": 1.5, "method": "ping"], nil, "id"), (["id": nil, "method": "ping"], nil, "id"),
    (["id": true, "method": "ping"], nil, "id"), (["id": [1], "method": "ping"], nil, "id"),
    (["id": .string(String(repeating: "x", count: 129)), "method": "ping"], nil, "id"),
    (["id": "a", "methd": "ping"], "a", "did you mean \"method\"?"),
    (["id": 1, "method": "ping", "zzzzzzzz": 1], 1, "zzzzzzzz"),
    (["id": 1, "method": "ping", "require": "batch"], 1, "require"),
    (["id": 1, "method": "ping", "require": [1]], 1, "require"),
    (["id": 1, "method": "ping", "deadline_ms": 0], 1, "deadline_ms"),
    (["id": 1, "method": "ping", "deadline_ms": -5], 1, "deadline_ms"),
    (["id": 1, "method": "ping", "deadline_ms": 1.5], 1, "deadline_ms"),
    (["id": 1, "method": "ping", "deadline_ms": 86_400_001], 1, "deadline_ms"),
    (["id": 1, "method": "ping", "deadline_ms": "5"], 1, "deadline_ms"),
]

struct RequestTests {
    @Test(arguments: refused)
    func `a line that is no request is refused with its id and the key`(
        _ line: JSONValue, _ id: JSONValue?, _ word: String
    ) {
        let refusal = #expect(throws: Request.Refusal.self) { try Request(line) }
        #expect(refusal?.id == id)
        #expect(refusal?.error.code == .requestInvalid)
        #expect(refusal?.error.message.contains(word) == true)
    }

    @Test func `a method alone is a request`() throws {
        let request = try Request(["method": "ping"])
        #expect(request.id == nil)
        #expect(request.params == [:])
        #expect(request.deadline == nil)
        #expect(request.require.isEmpty)
    }

    @Test func `every key is read`() throws {
        let request = try Request([
            "id": "a", "method": "m", "params": ["x": 1], "deadline_ms": 1500, "require": ["batch"],
        ])
        #expect(request.id == "a")
        #expect(request.method == "m")
        #expect(request.params == ["x": 1])
        #expect(request.deadline == .milliseconds(1500))
        #expect(request.require == ["batch"])
    }

    @Test func `what is not built yet is required, so that it is refused and never ignored`() throws {
        #expect(try Request(["method": "m", "idem": "k", "dry_run": true]).require == ["idem", "dry_run"])
        #expect(try Request(["method": "m", "dry_run": false]).require.isEmpty)
    }

    @Test(arguments: [
        (JSONValue?.some(7), Reply.Kind.result, "{\"id\":7,\"result\":[1]}\n"), (nil, .error, "{\"error\":[1]}\n"),
        (.some("a\"b\n"), .item, "{\"id\":\"a\\\"b\\n\",\"item\":[1]}\n"),
    ])
    func `a reply is one line`(_ id: JSONValue?, _ kind: Reply.Kind, _ line: String) {
        var bytes: [UInt8] = []
        Reply(id: id, kind, [1]).print(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == line)
    }
}
