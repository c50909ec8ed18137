import Glibc
import JSON
import Linux
import Systemd
import TestSupport
import Testing

@testable import Server

extension DoorTests {
    /// Clients that mean harm, or are broken.
    @Suite struct HostileTests {
        @Test(arguments: 1...3)
        func `every line of a mutated stream is answered once, and the connection stays usable`(
            _ seed: UInt64
        ) async throws {
            var random = SeededGenerator(seed)
            try await withDoor { door in
                let client = try door.client()
                for _ in 0..<150 {
                    let lines = (0..<10).map { _ in mutatedLine(&random) }
                    try client.send(lines.flatMap { $0 + [0x0A] })
                    try expectAnswers(client, lines.count { !$0.isEmpty && $0 != [0x0D] })
                }
                try client.send("{\"id\":\"last\",\"method\":\"ping\"}\n")
                #expect(try client.reply() == ["id": "last", "result": [:]])
            }
        }

        /// Reads as many final lines; items don't count.
        private func expectAnswers(_ client: Client, _ count: Int) throws {
            var left = count
            while left > 0 {
                guard let reply = try client.reply() else {
                    Issue.record("the server closed")
                    return
                }
                #expect(reply["result"] != nil || reply["error"] != nil || reply["item"] != nil)
                if reply["item"] == nil { left -= 1 }
            }
        }

        private func mutatedLine(_ random: inout SeededGenerator) -> [UInt8] {
            let good = [
                "{\"method\":\"ping\"}", "{\"id\":1,\"method\":\"hello\",\"params\":{}}",
                "{\"method\":\"test.count\",\"params\":{\"to\":3}}",
                "{\"method\":\"schema\",\"params\":{\"method\":\"ping\"}}",
                "{\"id\":\"é\",\"method\":\"batch\",\"params\":{\"requests\":[{\"method\":\"ping\",\"params\":{}}]}}",
                "{\"id\":2,\"method\":\"ping\",\"require\":[\"batch\"],\"deadline_ms\":1000}", "",
            ]
            var line = Array((good.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let at = Int.random(in: 0...line.count, using: &random)
                let byte = UInt8.random(in: 0...255, using: &random)
                if Bool.random(using: &random) || at == line.count {
                    line.insert(byte, at: at)
                } else {
                    line[at] = byte
                }
            }
            return line.filter { $0 != 0x0A }
        }

        @Test func `random bytes harm nobody`() async throws {
            var random = SeededGenerator(7)
            try await withDoor { door in
                let bad = try door.client()
                for _ in 0..<50 {
                    let bytes = (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &random) }
                    try bad.send(bytes)
                }
                let good = try door.client()
                try good.send("{\"method\":\"ping\"}\n")
                #expect(try good.reply() == ["result": [:]])
            }
        }

        @Test func `a request in single bytes is answered`() async throws {
            try await withDoor { door in
                let client = try door.client()
                for byte in "{\"id\":1,\"method\":\"ping\"}\r\n".utf8 { try client.send([byte]) }
                #expect(try client.reply() == ["id": 1, "result": [:]])
            }
        }

        @Test func `half a line keeps nobody else waiting, and its sender may leave`() async throws {
            try await withDoor { door in
                for _ in 0..<20 {
                    let half = try door.client()
                    try half.send("{\"id\":1,\"meth")
                    let other = try door.client()
                    try other.send("{\"method\":\"ping\"}\n")
                    #expect(try other.reply() == ["result": [:]])
                }
            }
        }

        @Test func `a client that never reads is no longer read itself`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let burst = Array(String(repeating: "{\"method\":\"hello\"}\n", count: 1_000).utf8)
                var taken = 0
                while taken < 64 << 20, let count = try sent(burst, by: client) { taken += count }
                // The socket's buffers and the agent's backlog; each request makes ten times its own bytes.
                #expect(taken < 4 << 20)
                let other = try door.client()
                try other.send("{\"method\":\"ping\"}\n")
                #expect(try other.reply() == ["result": [:]])
            }
        }

        /// What the kernel takes within half a second; nil when that is nothing.
        private func sent(_ bytes: [UInt8], by client: Client) throws -> Int? {
            var waited = pollfd(fd: client.socket.rawValue, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&waited, 1, 500) > 0 else { return nil }
            return try client.socket.send(bytes, wait: false)
        }

        @Test func `when descriptors run out the door rests, and lets in who waits when there are some again`()
            async throws
        {
            try await withDoor { door in
                let client = Client(try await door.connectAndLeaveNoDescriptors())
                defer { limitDescriptors(nil) }
                #expect(try await eventually { await door.server.isResting })
                // It looks again some times.
                try await Task.sleep(for: .milliseconds(350))
                #expect(try await eventually { await door.server.isResting })
                limitDescriptors(nil)
                try client.send("{\"method\":\"ping\"}\n")
                #expect(try client.reply() == ["result": [:]])
                #expect(try await eventually { await !door.server.isResting })
            }
        }

        @Test func `a stream ends when its client vanishes`() async throws {
            try await withDoor { door in
                do {
                    let client = try door.client()
                    try client.send("{\"id\":1,\"method\":\"test.count\",\"params\":{\"to\":100000000}}\n")
                    _ = try client.reply()
                }
                #expect(try await eventually { await door.tally.streamsEnded == 1 })
            }
        }

        @Test func `a read ends when its client vanishes`() async throws {
            try await withDoor { door in
                do {
                    let client = try door.client()
                    try client.send("{\"id\":1,\"method\":\"test.sleep\"}\n{\"method\":\"ping\"}\n")
                    _ = try client.reply()
                }
                // The door's own end waits for every connection's.
                let other = try door.client()
                try other.send("{\"method\":\"ping\"}\n")
                #expect(try other.reply() == ["result": [:]])
            }
        }

        @Test func `lines over the limit are refused one by one, and good ones between them answered`() async throws {
            try await withDoor { door in
                let client = try door.client()
                let long = [UInt8](repeating: UInt8(ascii: "x"), count: (1 << 20) + 1) + [0x0A]
                for _ in 0..<3 {
                    try client.send(long)
                    #expect(try client.reply()?["error"]?["code"] == "protocol.line_too_long")
                    try client.send("{\"method\":\"ping\"}\n")
                    #expect(try client.reply() == ["result": [:]])
                }
            }
        }
    }
}

extension Door {
    /// A socket that waits to be let in, while the process may open no further file. On the loop, so that it is not let
    /// in before.
    @Loop fileprivate func connectAndLeaveNoDescriptors() throws -> Descriptor {
        let socket = try UnixSocket.connect(path)
        limitDescriptors(0)
        return socket
    }
}

/// Bounds the numbers of new descriptors; `nil` lets them be as many as they may.
private func limitDescriptors(_ most: UInt?) {
    var limits = rlimit()
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    limits.rlim_cur = most ?? limits.rlim_max
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
}
