import JSON
import TestSupport
import Testing

private func lines(_ framer: inout LineFramer) -> [String] {
    var found: [String] = []
    while let line = framer.next() {
        switch line {
        case .line(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
        case .tooLong: found.append("<too long>")
        }
    }
    return found
}

struct LineFramerTests {
    @Test func `lines come whole, however they were cut`() {
        let text = "one\n\r\n\ntwo\r\nthree"
        for size in 1...text.utf8.count {
            var framer = LineFramer()
            var found: [String] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                framer.append(bytes[start..<min(start + size, bytes.count)])
                found += lines(&framer)
            }
            #expect(found == ["one", "two"])
            #expect(framer.hasPartialLine)
        }
    }

    @Test func `a line over the limit is told once and reading goes on behind it`() {
        for size in [1, 3, 64] {
            var framer = LineFramer(limit: 4)
            var found: [String] = []
            let bytes = Array("1234\r\n12345\n123456789012345\nok\n".utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                framer.append(bytes[start..<min(start + size, bytes.count)])
                found += lines(&framer)
            }
            #expect(found == ["1234", "<too long>", "<too long>", "ok"])
            #expect(!framer.hasPartialLine)
        }
    }

    @Test func `positions count the whole stream`() {
        var framer = LineFramer()
        for _ in 0..<3 {
            framer.append(Array("abc\n".utf8))
            _ = framer.next()
        }
        #expect(framer.position == 12)
        #expect(framer.end == 12)
    }

    @Test func `a line without end takes no more memory than the limit`() throws {
        var framer = LineFramer(limit: 1 << 16)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        let before = try residentBytes()
        for _ in 0..<4_096 {
            framer.append(piece)
            _ = framer.next()
        }
        // 256 MiB went in; other tests of this process may take some of their own.
        #expect(try residentBytes() - before < 128 << 20)
        framer.append(Array("\nok\n".utf8))
        #expect(lines(&framer) == ["ok"])
    }
}
