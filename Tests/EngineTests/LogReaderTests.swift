import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Reading a log` {
    private func withLog(_ body: (Directory) async throws -> Void) async throws {
        let name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        let temporary = try Directory(path: "/tmp")
        try await body(temporary.makeDirectories(name))
        try temporary.removeTree(name)
    }

    private func append(_ texts: [String], to name: String = "log", in directory: Directory) throws {
        let file = try directory.open(name, [.writeOnly, .create, .append])
        for text in texts { try file.write("2026-11-23T00:17:09.000000001Z stdout F \(text)\n") }
    }

    private func rest(_ reader: inout LogReader) async throws -> [String] {
        var texts: [String] = []
        while true {
            let entries = try await reader.next()
            guard !entries.isEmpty else { return texts }
            texts += entries.map { String(decoding: $0.bytes, as: UTF8.self) }
        }
    }

    @Test(arguments: [
        (nil, ["a", "b", "c", "d"]), (0, []), (1, ["d"]), (3, ["b", "c", "d"]), (9, ["a", "b", "c", "d"]),
    ])
    func `a tail is the last lines, through rotated files`(tail: Int?, texts: [String]) async throws {
        try await withLog { directory in
            try append(["a"], to: "log.2", in: directory)
            try append(["b", "c"], to: "log.1", in: directory)
            try append(["d"], in: directory)
            var reader = try LogReader(directory: directory, tail: tail)
            #expect(try await rest(&reader) == texts)
        }
    }

    @Test func `a reader goes on through a rotation, and misses and repeats nothing`() async throws {
        try await withLog { directory in
            try append(["a"], in: directory)
            var reader = try LogReader(directory: directory, tail: nil)
            #expect(try await rest(&reader) == ["a"])
            try append(["b"], in: directory)
            try directory.rename("log", to: "log.1")
            try append(["c"], in: directory)
            #expect(try await rest(&reader) == ["b", "c"])
            for number in 0..<3 {
                try directory.rename("log.1", to: "log.2")
                try directory.rename("log", to: "log.1")
                try append(["\(number)"], in: directory)
            }
            #expect(try await rest(&reader) == ["0", "1", "2"], "what was rotated away is gone")
        }
    }

    @Test func `a reader that was there first sees the first line`() async throws {
        try await withLog { directory in
            var reader = try LogReader(directory: directory, tail: nil)
            #expect(try await rest(&reader) == [])
            try append(["a"], in: directory)
            #expect(try await rest(&reader) == ["a"])
        }
    }

    @Test func `the last words of a container that was removed are read`() async throws {
        try await withLog { directory in
            let home = try directory.makeDirectories("home")
            try append(["a"], in: home)
            var reader = try LogReader(directory: home, tail: nil)
            try directory.removeTree("home")
            #expect(try await rest(&reader) == ["a"])
        }
    }

    @Test func `damaged lines are passed over, and half a line waits for its end`() async throws {
        try await withLog { directory in
            let file = try directory.open("log", [.writeOnly, .create, .append])
            try file.write(
                "\n\0\u{1}garbage\n2026-11-23T00:17:09Z stdout F short\n2026-11-23T00:17:09.00000000xZ stdout F no\n")
            try file.write([UInt8](repeating: 0x78, count: 3 << 20))
            try file.write("\n2026-11-23T00:17:09.000000001Z stderr P ha")
            var reader = try LogReader(directory: directory, tail: nil)
            #expect(try await rest(&reader) == [])
            try file.write("lf\n")
            let entries = try await reader.next()
            #expect(entries.map(\.bytes) == [Array("half".utf8)])
            #expect(entries.first?.partial == true && entries.first?.stream == .stderr)
        }
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000000000Z", 0), ("2000-02-29T12:00:00.000000001Z", 951_825_600_000_000_001),
            ("2026-11-23T00:17:09.669794202Z", 1_795_393_029_669_794_202),
        ] as [(String, Int64)])
    func `a line's time is nanoseconds since 1970`(text: String, time: Int64) {
        let line = Array("\(text) stdout F x y ".utf8)
        #expect(LogEntry(line: line[...])?.time == time)
        #expect(LogEntry(line: line[...])?.bytes == Array("x y ".utf8))
    }
}
