import JSON
import Linux
import Model
import Server
import Testing

extension DoorTests {
    @Suite struct ConnectionTests {
        @Test(arguments: [
            ("{\"id\":1,\"method\":\"ping\"}", "{\"id\":1,\"result\":{}}"),
            ("{\"method\":\"ping\"}\r", "{\"result\":{}}"),
            ("\n\n{\"id\":\"a\",\"method\":\"ping\"}", "{\"id\":\"a\",\"result\":{}}"),
        ])
        func `a ping is answered with its id`(_ line: String, _ expected: String) async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send(line + "\n")
                #expect(try client.reply()?.description == expected)
            }
        }

        @Test(arguments: [
            ("nonsense", "protocol.malformed"), ("{\"method\":\"ping\"", "protocol.malformed"),
            ("[]", "request.invalid"),
            ("{\"id\":1}", "request.invalid"), ("{\"id\":1.5,\"method\":\"ping\"}", "request.invalid"),
            ("{\"id\":1,\"method\":\"pin\"}", "method.unknown"),
            ("{\"method\":\"ping\",\"parms\":{}}", "request.invalid"),
            ("{\"method\":\"ping\",\"params\":{\"x\":1}}", "request.invalid"),
            ("{\"method\":\"ping\",\"params\":[]}", "request.invalid"),
            ("{\"method\":\"test.count\",\"params\":{\"to\":\"x\"}}", "request.invalid"),
            ("{\"method\":\"ping\",\"require\":[\"telepathy\"]}", "protocol.feature_missing"),
            ("{\"method\":\"ping\",\"dry_run\":true}", "protocol.feature_missing"),
            ("{\"method\":\"ping\",\"idem\":\"a\"}", "protocol.feature_missing"),
            ("{\"method\":\"ping\",\"deadline_ms\":0}", "request.invalid"),
            ("{\"method\":\"ping\",\"method\":\"ping\"}", "protocol.malformed"),
        ])
        func `a bad request is refused by its code, and the next is answered`(_ line: String, _ code: String)
            async throws
        {
            try await withDoor { door in
                let client = try door.client()
                try client.send(line + "\n{\"id\":2,\"method\":\"ping\"}\n")
                // A slow method's answer may come second.
                let replies = try [client.reply(), client.reply()]
                #expect(replies.contains { $0?["error"]?["code"]?.string == code })
                #expect(replies.contains(["id": 2, "result": [:]]))
            }
        }

        @Test func `a line of 2 MiB is refused once, and the next is answered`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send([UInt8](repeating: 0x20, count: 2 << 20) + Array("\n{\"method\":\"ping\"}\n".utf8))
                #expect(try client.reply()?["error"]?["code"] == "protocol.line_too_long")
                #expect(try client.reply() == ["result": [:]])
            }
        }

        @Test(arguments: ["ping", "hello"])
        func `thousands of pipelined requests are all answered before the end`(_ method: String) async throws {
            try await withDoor { door in
                let client = try door.client()
                let socket = client.socket
                try Thread.start("writer") {
                    let lines = (0..<20_000).map { "{\"id\":\($0),\"method\":\"\(method)\"}\n" }.joined()
                    let sender = Client(socket)
                    do {
                        try sender.send(lines)
                        try sender.endRequests()
                    } catch { Issue.record(error) }
                }
                let ids = try client.replies().map { $0["id"]?.int }
                #expect(ids == (0..<20_000).map { Int64($0) })
            }
        }

        @Test func `quick requests overtake slow ones, and a cancel ends them`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.sleep\"}\n{\"id\":2,\"method\":\"ping\"}\n")
                #expect(try client.reply()?["id"] == 2)
                try client.send("{\"id\":3,\"method\":\"cancel\",\"params\":{\"id\":1}}\n")
                let both = try [client.reply(), client.reply()]
                let cancelled = both.first { $0?["id"] == 1 }
                #expect(cancelled??["error"]?["code"] == "request.cancelled")
                #expect(both.contains(["id": 3, "result": ["cancelled": true]]))
            }
        }

        @Test func `a deadline ends a request`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.sleep\",\"deadline_ms\":20}\n")
                #expect(try client.reply()?["error"]?["code"] == "deadline.exceeded")
            }
        }

        @Test func `a stop answers what is open`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send(
                    "{\"id\":1,\"method\":\"test.sleep\"}\n{\"id\":2,\"method\":\"test.change\"}\n{\"method\":\"ping\"}\n"
                )
                _ = try client.reply()
                await door.server.stop()
                let replies = try client.replies()
                #expect(replies.first { $0["id"] == 1 }?["error"]?["code"] == "agent.stopping")
                #expect(replies.first { $0["id"] == 2 }?["result"] == [:])
                #expect(replies.count == 2)
            }
        }

        @Test func `a change that has begun goes on when its client is gone`() async throws {
            try await withDoor { door in
                do {
                    let client = try door.client()
                    try client.send("{\"id\":1,\"method\":\"test.change\"}\n{\"id\":2,\"method\":\"ping\"}\n")
                    _ = try client.reply()
                }
                try await Task.sleep(for: .milliseconds(300))
                #expect(await door.tally.changesEnded == 1)
            }
        }

        @Test func `a stop waits for a change whose client is gone`() async throws {
            try await withDoor { door in
                do {
                    let client = try door.client()
                    try client.send("{\"id\":1,\"method\":\"test.change\"}\n{\"id\":2,\"method\":\"ping\"}\n")
                    _ = try client.reply()
                }
                let other = try door.client()
                try other.send("{\"method\":\"ping\"}\n")
                _ = try other.reply()
                await door.server.stop()
                #expect(await door.tally.changesEnded == 1)
            }
        }

        @Test func `after the end of requests what is open is answered`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.change\"}\n")
                try client.endRequests()
                #expect(try client.replies() == [["id": 1, "result": [:]]])
            }
        }

        @Test func `a last line without its newline is answered`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"ping\"}")
                try client.endRequests()
                #expect(try client.replies().count == 1)
            }
        }

        @Test func `a stream waits for a client that doesn't read`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.count\",\"params\":{\"to\":100000}}\n")
                try await Task.sleep(for: .milliseconds(300))
                #expect(await door.tally.counted < 100_000)
                var last: JSONValue?
                for _ in 0...100_000 { last = try client.reply() }
                #expect(last == ["id": 1, "result": [:]])
            }
        }

        @Test func `descriptors go to the line that they came with`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.descriptors\"}\n")
                try client.send("{\"id\":2,\"method\":\"test.descriptors\"}\n", descriptors: [0, 1, 2])
                try client.send("{\"id\":3,\"method\":\"test.descriptors\"}\n")
                let counts = try (1...3).map { _ in try client.reply()?["result"]?["count"] }
                #expect(counts == [0, 3, 0])
            }
        }

        @Test func `65 slow requests are all answered once room is made`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let lines = (0..<80).map { "{\"id\":\($0),\"method\":\"test.change\"}\n" }.joined()
                try client.send(lines)
                try client.endRequests()
                #expect(Set(try client.replies().compactMap { $0["id"]?.int }).count == 80)
            }
        }

        @Test func `a batch runs in order and stops at the first error`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send(
                    "{\"method\":\"batch\",\"params\":{\"requests\":[{\"method\":\"ping\"},{\"method\":\"no\"},{\"method\":\"ping\"}]}}\n"
                )
                let replies = try client.reply()?["result"]?["replies"]?.array
                #expect(replies?.count == 2)
                #expect(replies?.last?["error"]?["code"] == "method.unknown")
            }
        }

        @Test func `the schema tells every method's params`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"method\":\"schema\",\"params\":{\"method\":\"test.count\"}}\n")
                let method = try client.reply()?["result"]?["methods"]?[0]
                #expect(method?["params"]?["properties"]?["to"]?["type"] == "integer")
                #expect(method?["params"]?["required"] == ["to"])
            }
        }

        @Test(arguments: 1...4)
        func `whatever comes through the door, every line is answered or the door closes`(_ seed: Int) async throws {
            try await withDoor { door in
                var state = UInt64(seed)
                func random(_ bound: Int) -> Int {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Int(state >> 33) % bound
                }
                let good = Array(
                    "{\"id\":1,\"method\":\"batch\",\"params\":{\"requests\":[{\"method\":\"ping\"}]}}".utf8)
                for _ in 0..<100 {
                    let client = try door.client()
                    var line = good
                    for _ in 0...random(4) { line[random(line.count)] = UInt8(random(256)) }
                    line = line.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
                    try client.send(line + [0x0A])
                    try client.endRequests()
                    #expect(try client.replies().count == 1)
                }
            }
        }
    }
}
