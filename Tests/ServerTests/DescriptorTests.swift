import Glibc
import JSON
import Linux
import Testing

extension DoorTests {
    @Suite struct DescriptorTests {
        @Test func `in one burst every line gets the descriptors that it came with`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let counts = [0, 3, 1, 0, 2, 0, 0, 5]
                for (id, count) in counts.enumerated() {
                    try client.send(
                        "{\"id\":\(id),\"method\":\"test.descriptors\"}\n",
                        descriptors: [Int32](repeating: 0, count: count)
                    )
                }
                let told = try counts.map { _ in try client.reply()?["result"]?["count"]?.int }
                #expect(told == counts.map { Int64($0) })
            }
        }

        @Test func `descriptors belong to their line when it comes in pieces`() async throws {
            try await withDoor { door in
                let client = try door.client()
                try client.send("{\"id\":1,\"method\":\"test.descr")
                try client.send("iptors\"", descriptors: [0, 0])
                try client.send("}\n{\"id\":2,\"method\":\"test.descriptors\"}\n")
                #expect(try client.reply()?["result"] == ["count": 2])
                #expect(try client.reply()?["result"] == ["count": 0])
            }
        }

        @Test(arguments: [
            "{\"method\":\"ping\"}\n", "{\"method\":\"nothing\"}\n", "nonsense\n", "\n{\"method\":\"ping\"}\n",
            "{\"method\":\"test.descriptors\"}\n", "{\"method\":\"test.change\"}\n",
        ])
        func `descriptors that nobody uses are closed`(_ line: String) async throws {
            try await withDoor { door in
                let client = try door.client()
                let reader = try sendingEnd(of: line, client)
                _ = try client.reply()
                #expect(closes(reader))
            }
        }

        @Test func `descriptors of a line that never ends are closed with the connection`() async throws {
            try await withDoor { door in
                let reader = try sendingEnd(of: "{\"method\":", try door.client())
                #expect(closes(reader))
            }
        }

        @Test func `more descriptors than may wait are closed, and those of later lines arrive`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let reader = try sendingEnd(of: " ", client)
                for _ in 0..<10 { try client.send(" ", descriptors: [Int32](repeating: 0, count: 20)) }
                try client.send("{\"method\":\"ping\"}\n{\"id\":2,\"method\":\"ping\"}\n")
                #expect(try client.reply() == ["result": [:]])
                #expect(try client.reply() == ["id": 2, "result": [:]])
                #expect(closes(reader))
                try client.send("{\"method\":\"test.descriptors\"}\n", descriptors: [0])
                #expect(try client.reply()?["result"] == ["count": 1])
            }
        }

        /// Sends a line with the writing end of a pipe, closes its own, and answers the reading end.
        private func sendingEnd(of line: String, _ client: Client) throws -> Descriptor {
            let pipe = try SocketPair(.stream)
            try client.send(line, descriptors: [pipe.b.rawValue])
            return pipe.a
        }

        /// Whether every copy of the other end gets closed within ten seconds.
        private func closes(_ end: Descriptor) -> Bool {
            var waited = pollfd(fd: end.rawValue, events: Int16(POLLIN), revents: 0)
            return unsafe poll(&waited, 1, 10_000) > 0 && waited.revents & Int16(POLLHUP) != 0
        }
    }
}
