import JSON
import Linux
import TestSupport
import Testing

extension DoorTests {
    /// Order, bounds, and exactly one final line for each request.
    @Suite struct FlowTests {
        @Test func `the 64th open request stops the reading, and an end lets it go on`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let slow = (1...64).map { "{\"id\":\($0),\"method\":\"test.sleep\",\"deadline_ms\":100}\n" }.joined()
                try client.send(slow + "{\"id\":0,\"method\":\"ping\"}\n")
                let ids = try (0...64).map { _ in try client.reply()?["id"]?.int }
                #expect(ids.first != 0)
                #expect(Set(ids) == Set((0...64).map { Int64($0) }))
            }
        }

        @Test func `with 63 open requests the next one is answered at once`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let slow = (1...63).map { "{\"id\":\($0),\"method\":\"test.sleep\"}\n" }.joined()
                try client.send(slow + "{\"id\":0,\"method\":\"ping\"}\n")
                #expect(try client.reply() == ["id": 0, "result": [:]])
            }
        }

        @Test func `200 pipelined requests, some slow, are answered once each, quick ones first`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let lines = (0..<200).map { number in
                    "{\"id\":\(number),\"method\":\"\(number % 10 == 0 ? "test.change" : "ping")\"}\n"
                }
                try client.send(lines.joined())
                try client.endRequests()
                let ids = try client.replies().compactMap { $0["id"]?.int }
                #expect(ids.sorted() == (0..<200).map { Int64($0) })
                let quick = ids.filter { $0 % 10 != 0 }
                #expect(quick == quick.sorted())
                #expect(ids.first != 0)
            }
        }

        @Test func `an id that is still under way is refused, and free again after its final line`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.change\"}\n{\"id\":1,\"method\":\"ping\"}\n")
                #expect(try client.reply()?["error"]?["code"] == "request.invalid")
                #expect(try client.reply() == ["id": 1, "result": [:]])
                try client.send("{\"id\":1,\"method\":\"ping\"}\n")
                #expect(try client.reply() == ["id": 1, "result": [:]])
            }
        }

        @Test(arguments: [
            ("{\"id\":1,\"method\":\"cancel\",\"params\":{\"id\":99}}", false),
            ("{\"id\":1,\"method\":\"cancel\",\"params\":{\"id\":5}}", false),
            ("{\"id\":1,\"method\":\"cancel\",\"params\":{\"id\":6}}", true),
        ])
        func `a cancel tells whether it did`(_ line: String, _ cancelled: Bool) async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send(
                    "{\"id\":5,\"method\":\"test.change\"}\n{\"id\":6,\"method\":\"test.sleep\"}\n\(line)\n")
                var replies: [JSONValue] = []
                while replies.last?["id"] != 1 { replies.append(try client.reply() ?? ["id": 1]) }
                #expect(replies.last?["result"]?["cancelled"] == .bool(cancelled))
                #expect(replies.contains { $0["id"] == 6 } == cancelled)
            }
        }

        @Test func `a change that outlives its deadline goes on, and is answered once`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.change\",\"deadline_ms\":1}\n")
                try client.endRequests()
                let replies = try client.replies()
                #expect(replies.count == 1)
                #expect(replies.first?["error"]?["code"] == "deadline.exceeded")
                #expect(try await eventually { await door.tally.changesEnded == 1 })
            }
        }

        @Test func `items come in order before the one final line`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.count\",\"params\":{\"to\":1000}}\n")
                try client.endRequests()
                let replies = try client.replies()
                #expect(replies.dropLast().map { $0["item"]?["number"]?.int } == (0..<1000).map { Int64($0) })
                #expect(replies.last == ["id": 1, "result": [:]])
            }
        }

        @Test(arguments: 1...3)
        func `whatever is mixed, each request has exactly one final line and it is its last`(_ seed: UInt64)
            async throws
        {
            var random = SeededGenerator(seed)
            let lines = (0..<60).map { request($0, &random) }
            try await withDoor { door in
                let client = try door.client()
                try client.send(lines.joined())
                try client.endRequests()
                var final: Set<Int64> = []
                for reply in try client.replies() {
                    guard let id = reply["id"]?.int else { continue }
                    #expect(!final.contains(id))
                    if reply["item"] == nil { final.insert(id) }
                }
                #expect(final == Set((0..<60).map { Int64($0) }))
            }
        }

        private func request(_ id: Int, _ random: inout SeededGenerator) -> String {
            let other = Int.random(in: 0..<60, using: &random)
            let bodies = [
                "\"method\":\"ping\"", "\"method\":\"test.sleep\",\"deadline_ms\":30", "\"method\":\"test.change\"",
                "\"method\":\"test.count\",\"params\":{\"to\":\(other)}", "\"method\":\"nothing\"",
                "\"method\":\"cancel\",\"params\":{\"id\":\(other)}", "\"method\":\"test.change\",\"deadline_ms\":5",
                "\"method\":\"ping\",\"params\":{\"a\":1}", "\"method\":\"hello\",\"require\":[\"no\"]",
            ]
            return "{\"id\":\(id),\(bodies.randomElement(using: &random) ?? "")}\n"
        }
    }
}
