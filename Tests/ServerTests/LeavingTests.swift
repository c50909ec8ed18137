import JSON
import Linux
import Testing

@testable import Server

extension DoorTests {
    @Suite struct LeavingTests {
        @Test func `a change that only waits can be cancelled, and hears how it was left`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.stay\"}\n")
                #expect(try client.reply()?["progress"] == ["staying": true])
                try client.send("{\"id\":2,\"method\":\"cancel\",\"params\":{\"id\":1}}\n")
                let replies = try [client.reply(), client.reply()]
                #expect(replies.contains(["id": 2, "result": ["cancelled": true]]))
                #expect(replies.contains { $0?["error"]?["code"] == "request.cancelled" })
                #expect(try await eventually { await door.tally.partings == [.cancelled] })
            }
        }

        @Test func `a change that only waits ends with its connection`() async throws {
            try await withDoor { door in
                do {
                    let client = try door.client()
                    try client.send("{\"id\":1,\"method\":\"test.stay\"}\n")
                    _ = try client.reply()
                }
                #expect(try await eventually { await door.tally.partings == [.gone] })
            }
        }

        @Test func `a change that only waits is answered when the server stops`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.stay\"}\n")
                _ = try client.reply()
                await door.server.stop()
                #expect(try client.reply()?["error"]?["code"] == "agent.stopping")
                #expect(await door.tally.partings == [.stopping])
            }
        }

        @Test func `a deadline ends a change that only waits`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.stay\",\"deadline_ms\":20}\n")
                _ = try client.reply()
                #expect(try client.reply()?["error"]?["code"] == "deadline.exceeded")
                #expect(try await eventually { await door.tally.partings == [.late(.milliseconds(20))] })
            }
        }

        @Test func `descriptors go out with their own line, whatever stands around it`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let ping = "{\"method\":\"ping\"}\n"
                try client.send(
                    "\(ping)\(ping){\"id\":1,\"method\":\"test.stay\"}\n\(ping){\"id\":2,\"method\":\"test.stay\"}\n\(ping)"
                )
                var expected = 0
                for _ in 0..<6 {
                    if try client.reply()?["progress"] != nil { expected += 1 }
                    #expect(client.descriptorsSoFar() == expected)
                }
                #expect(expected == 2)
            }
        }

        @Test func `descriptors come with their line when the reader is slow`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send(
                    "{\"id\":1,\"method\":\"test.count\",\"params\":{\"to\":20000}}\n{\"id\":2,\"method\":\"test.stay\"}\n"
                )
                try await Task.sleep(for: .milliseconds(100))
                var seen = false
                for _ in 0...20001 {
                    if try client.reply()?["progress"] != nil { seen = true }
                    #expect(client.descriptorsSoFar() == (seen ? 1 : 0))
                }
                #expect(seen)
            }
        }
    }

    @Suite struct StreamTests {
        @Test func `a second connection becomes the stream, once`() async throws {
            try await withDoor { door in
                let (client, token) = try asked(door)
                let stream = try door.client()
                try stream.send(join(token))
                #expect(try stream.reply() == ["id": 7, "result": [:]])
                #expect(try stream.line() == Array("hello".utf8))
                try stream.send("raw {")
                #expect(try client.reply()?["result"]?["text"] == "raw {")
                let late = try door.client()
                try late.send(join(token))
                #expect(try late.reply()?["error"]?["code"] == "stream.token_invalid")
            }
        }

        @Test(arguments: ["", "0", "00000000000000000000000000000000"])
        func `a token that nobody gave is refused`(_ token: String) async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send(join(token))
                #expect(try client.reply()?["error"]?["code"] == "stream.token_invalid")
                try client.send("{\"method\":\"ping\"}\n")
                #expect(try client.reply() == ["result": [:]])
            }
        }

        @Test func `a connection on which more was asked is not taken, and the token stays good`() async throws {
            try await withDoor { door in
                let (client, token) = try asked(door)
                let busy = try door.client()
                try busy.send("{\"method\":\"test.sleep\"}\n\(join(token))")
                #expect(try busy.reply()?["error"]?["code"] == "request.invalid")
                let eager = try door.client()
                try eager.send("\(join(token))bytes that come too early")
                #expect(try eager.reply()?["error"]?["code"] == "request.invalid")
                let stream = try door.client()
                try stream.send(join(token))
                #expect(try stream.reply() == ["id": 7, "result": [:]])
                try stream.send("x")
                #expect(try client.reply()?["result"]?["text"] == "x")
            }
        }

        private func asked(_ door: Door) throws -> (Client, token: String) {
            let client = try door.client()
            try client.send("{\"id\":1,\"method\":\"test.stream\"}\n")
            return (client, try client.reply()?["progress"]?["token"]?.string ?? "none")
        }

        private func join(_ token: String) -> String {
            "{\"id\":7,\"method\":\"stream.join\",\"params\":{\"token\":\"\(token)\"}}\n"
        }
    }
}
