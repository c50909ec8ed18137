import JSON
import Model
import Testing

@Suite struct `Names and ids` {
    @Test(arguments: [
        "", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "../../../etc/pas", "0123456789abcde/",
    ])
    func `a container id is 16 lower-case hexadecimal digits and nothing else`(text: String) {
        #expect(throws: AgentError.self) { try ContainerID(text) }
    }

    @Test func `random ids are ids, and differ`() throws {
        let ids = (0..<100).map { _ in ContainerID.random() }
        #expect(Set(ids).count == 100)
        for id in ids { #expect(try ContainerID(id.description) == id) }
    }

    @Test(arguments: ["a", "web", "Web-1_x.y", "0", String(repeating: "a", count: 63)])
    func `a container name is taken`(text: String) throws {
        #expect(try ContainerName(text).description == text)
    }

    @Test(arguments: ["", "-a", ".a", "_a", "a/b", "a b", "ä", "a\n", String(repeating: "a", count: 64)])
    func `a container name is refused`(text: String) {
        #expect(throws: AgentError.self) { try ContainerName(text) }
    }

    @Test func `an id inside a document is checked like any other`() throws {
        let value = try JSONValue(parsing: #"["../../etc/passwd0"]"#)
        #expect(throws: JSONError.self) { try value.decode([ContainerID].self) }
    }
}
