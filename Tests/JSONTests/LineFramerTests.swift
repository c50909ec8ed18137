import JSON
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
}
