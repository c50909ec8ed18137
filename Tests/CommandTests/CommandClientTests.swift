import DavitClient
import JSON
import Linux
import Model
import Testing
import Wire

/// The client library on a real socket.
struct CommandClientTests {
    @Test func `a call sends one line and returns the typed result`() throws {
        try FakeAgent.serving({ _, _ in [.result(["containers": [], "from_a_newer_agent": 1])] }) { agent in
            let result = try Client.connect(path: agent.path).call(ContainerList.self, .init(phases: [.running]))
            #expect(result.containers.isEmpty)
            #expect(agent.requests.map(\.method) == ["container.list"])
            #expect(agent.requests[0].params == ["phases": ["running"]])
        }
    }

    @Test func `items come in order before the result`() throws {
        let rule: FakeAgent.Rule = { _, _ in [.item(1), ["progress": ["x": 1]], .item(2), .result(["done": true])] }
        try FakeAgent.serving(rule) { agent in
            var items: [JSONValue] = []
            let result = try Client.connect(path: agent.path).callRaw("x.y") { items.append($0) }
            #expect(items == [1, 2])
            #expect(result == ["done": true])
        }
    }

    @Test func `an error of the agent is passed through`() throws {
        try FakeAgent.serving({ _, _ in [.failure("image.not_found", "no such image")] }) { agent in
            let client = try Client.connect(path: agent.path)
            #expect(throws: AgentError(.imageNotFound, "no such image", cause: ["because"])) {
                try client.call(ImageGet.self, .init(image: "x"))
            }
            #expect(throws: AgentError.self) { try client.callRaw("again") }
        }
    }

    @Test func `a code of a newer agent is kept in words`() throws {
        try FakeAgent.serving({ _, _ in [.failure("moon.full", "howl")] }) { agent in
            #expect(throws: AgentError(.hostFailed, "moon.full: howl", cause: ["because"])) {
                try Client.connect(path: agent.path).callRaw("x.y")
            }
        }
    }

    @Test func `several requests are open at once, and each gets its own replies`() throws {
        try FakeAgent.serving({ request, _ in [.item(request.params), .result(request.params)] }) { agent in
            let client = try Client.connect(path: agent.path)
            let ids = try (0..<5).map { try client.send("echo", .int($0)) }
            for (number, id) in ids.enumerated().reversed() {
                #expect(try client.finish(id) == .int(Int64(number)))
            }
        }
    }

    @Test func `descriptors arrive with the line`() throws {
        try FakeAgent.serving({ _, _ in [.result([:])] }) { agent in
            let (reader, writer) = try Pipe().ends()
            let client = try Client.connect(path: agent.path)
            _ = try client.finish(client.send("take", [:], descriptors: [writer.rawValue]))
            let received = try #require(agent.requests[0].descriptors.first)
            try received.write("through the socket")
            #expect(try reader.read(upTo: 100) == Array("through the socket".utf8))
        }
    }

    @Test func `a line of a megabyte goes both ways`() throws {
        try FakeAgent.serving({ request, _ in [.result(request.params)] }) { agent in
            let long = JSONValue.string(String(repeating: "x", count: 1_000_000))
            let echoed = try Client.connect(path: agent.path).callRaw("echo", ["text": long])
            #expect(echoed["text"] == long)
        }
    }

    @Test func `an agent that goes away is an error that may pass`() throws {
        try FakeAgent.serving({ _, _ in [] }) { agent in
            let error = #expect(throws: AgentError.self) { try Client.connect(path: agent.path).callRaw("x.y") }
            #expect(error?.code == .agentStopping)
            #expect(error?.retryable == true)
        }
    }

    @Test func `without an agent the error says how to start it`() {
        let error = #expect(throws: AgentError.self) { try Client.connect(path: "/tmp/davit-test-nobody.sock") }
        #expect(error?.code == .agentStopping)
        #expect(error?.message.contains("systemctl start davitd.socket") == true)
        #expect(error?.cause == ["ENOENT (No such file or directory)"])
    }
}
