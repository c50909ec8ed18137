import JSON
import Testing

private let configuration = """
    // The agent
    {
        "socket": { "path": "/run/x // no comment", /* a
            comment */ "grup": "davit" },
        "mounts": [
            {"source": "/a"},
            {"source": "/b"}
        ]
    }
    """

struct JSONDocumentTests {
    @Test func `comments are allowed and values know their lines`() throws {
        let document = try JSONDocument(configuration: configuration)
        #expect(document.value["socket"]?["path"] == "/run/x // no comment")
        #expect(document.line(of: "socket.grup") == 4)
        #expect(document.line(of: "mounts[1].source") == 7)
        #expect(document.line(of: "mounts[1].absent") == 7)
        #expect(document.line(of: "absent") == 1)
    }

    @Test(arguments: [("{\n \"a\": 1,\n /* x */ }", 3), ("{\n/* no end }", 2), ("{\n\n / 1}", 3)])
    func `an error tells its line`(_ text: String, _ line: Int) {
        let error = #expect(throws: JSONError.self) { try JSONDocument(configuration: text) }
        #expect(JSONDocument.line(ofOffset: error?.offset ?? -1, in: text) == line)
    }
}
