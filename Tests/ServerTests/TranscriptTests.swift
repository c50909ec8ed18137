import JSON
import Linux
import Testing

private let directory = String(#filePath.prefix(upTo: #filePath.range(ofLast: "/ServerTests/"))) + "/Transcripts"

extension String {
    /// Where the last occurrence of a text begins; the end where there is none.
    fileprivate func range(ofLast text: String) -> String.Index {
        indices.last { self[$0...].hasPrefix(text) } ?? endIndex
    }
}

/// A conversation, as Tests/Transcripts/README.md says.
struct Transcript: Sendable {
    struct Turn: Sendable {
        var requests: [String] = []
        var answers: [JSONValue] = []
    }

    private(set) var turns = [Turn()]

    init(file name: String) throws {
        let text = String(decoding: try Directory(path: directory).read(name, limit: 1 << 20), as: UTF8.self)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") { try add(line) }
    }

    private mutating func add(_ line: Substring) throws {
        let content = String(line.dropFirst(2))
        switch line.first {
        case ">":
            if turns.last?.answers.isEmpty == false { turns.append(Turn()) }
            turns[turns.count - 1].requests.append(content)
        case "<": turns[turns.count - 1].answers.append(try JSONValue(parsing: content))
        default: throw JSONError(.unexpectedCharacter, "a line of a transcript begins with # or > or <")
        }
    }
}

extension JSONValue {
    /// Whether the answer is what the transcript allows.
    func allows(_ answer: JSONValue) -> Bool {
        if self == "<any>" { return true }
        switch (self, answer) {
        case (.array(let expected), .array(let found)): return Self.allow(expected, found)
        case (.object(let expected), .object(let found)): return Self.allow(expected, found)
        default: return self == answer
        }
    }

    private static func allow(_ expected: [JSONValue], _ found: [JSONValue]) -> Bool {
        let isOpen = expected.last == "<more>"
        let expected = isOpen ? expected.dropLast() : expected[...]
        guard isOpen ? found.count >= expected.count : found.count == expected.count else { return false }
        return zip(expected, found).allSatisfy { $0.allows($1) }
    }

    private static func allow(_ expected: JSONObject, _ found: JSONObject) -> Bool {
        let isOpen = expected["<more>"] != nil
        let known = expected.members.filter { $0.key != "<more>" }
        guard isOpen || found.count == known.count else { return false }
        return known.allSatisfy { member in found[member.key].map(member.value.allows) ?? false }
    }
}

extension DoorTests {
    @Suite struct TranscriptTests {
        @Test(arguments: ["basics.jsonl", "batch.jsonl", "errors.jsonl", "schema.jsonl"])
        func `a transcript goes on as it is written`(_ name: String) async throws {
            let transcript = try Transcript(file: name)
            try await withDoor { door in
                let client = try door.client()
                for turn in transcript.turns { try replay(turn, client) }
                try client.endRequests()
                #expect(try client.reply() == nil)
            }
        }

        private func replay(_ turn: Transcript.Turn, _ client: Client) throws {
            try client.send(turn.requests.map { $0 + "\n" }.joined())
            var left = turn.answers
            while !left.isEmpty {
                let reply = try #require(try client.reply())
                let place = left.firstIndex { $0["id"] == reply["id"] }
                let expected = place.map { left.remove(at: $0) }
                #expect(expected?.allows(reply) == true, "\(reply) instead of \(expected?.description ?? "nothing")")
                if expected == nil { return }
            }
        }

        @Test func `what a transcript does not allow is noticed`() {
            #expect(!(["a": 1] as JSONValue).allows(["a": 1, "b": 2]))
            #expect((["a": 1, "<more>": "<any>"] as JSONValue).allows(["a": 1, "b": 2]))
            #expect(!(["a": 1, "<more>": "<any>"] as JSONValue).allows(["b": 2]))
            #expect((["x", "<more>"] as JSONValue).allows(["x", "y"]))
            #expect(!(["x"] as JSONValue).allows(["x", "y"]))
            #expect(!(["<any>", "x"] as JSONValue).allows([1, "y"]))
        }
    }
}
