import Model
import Testing
import Wire

@testable import davit

/// What people write on a command line.
struct CommandValueTests {
    @Test(
        arguments: [
            ("0", 0), ("512", 512), ("512b", 512), ("1k", 1024), ("64m", 64 << 20), ("64M", 64 << 20),
            ("64MiB", 64 << 20),
            ("64mb", 64 << 20), ("1.5g", 3 << 29), ("2t", 2 << 40),
        ] as [(String, Int64)])
    func `memory is written with units of 1024`(text: String, bytes: Int64) throws {
        #expect(try MemorySize(text).bytes == bytes)
    }

    @Test(arguments: ["", "m", "-1", "1x", "1..5g", ".5g", "5.", "9999999999g", "0x10", "1 g", "1e3"])
    func `what is no amount of memory is refused`(text: String) {
        #expect(throws: (any Error).self) { try MemorySize(text) }
    }

    @Test(
        arguments: [
            ("A=b", "A", "b"), ("A=", "A", ""), ("A=b=c", "A", "b=c"), ("A", "A", nil),
        ] as [(String, String, String?)])
    func `an assignment has a name and perhaps a value`(text: String, name: String, value: String?) throws {
        let assignment = try Assignment(text)
        #expect(assignment.name == name)
        #expect(assignment.value == value)
    }

    @Test(arguments: ["", "=", "=b"])
    func `an assignment without a name is refused`(text: String) {
        #expect(throws: (any Error).self) { try Assignment(text) }
    }

    @Test func `a variable's name alone takes the caller's value, and is left out without one`() throws {
        let entries = try ["A=1", "HOME", "MISSING", "EMPTY="].map { try Assignment($0) }
        #expect(entries.environment(of: ["HOME": "/root"]) == ["A=1", "HOME=/root", "EMPTY="])
    }

    @Test func `the last of two equal labels wins and a bare one is empty`() throws {
        #expect(try ["a=1", "b", "a=2"].map { try Assignment($0) }.labels == ["a": "2", "b": ""])
    }

    @Test func `an environment file has comments, empty lines and bare names`() throws {
        let entries = try [Assignment](environmentFile: "# comment\n\nA=1 2\n  B=x#y\r\nHOME\n")
        #expect(entries.environment(of: ["HOME": "/h"]) == ["A=1 2", "B=x#y", "HOME=/h"])
    }

    @Test(
        arguments: [
            ("0", 0), ("1700000000", 1_700_000_000_000_000_000), ("1.5", 1_500_000_000), ("1970-01-01", 0),
            ("1970-01-02T00:00:00Z", 86_400_000_000_000), ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
            ("2026-11-23T21:30:00.25Z", 1_795_469_400_250_000_000),
            ("2026-11-23T22:30:00+01:00", 1_795_469_400_000_000_000),
            ("2026-11-23 21:30", 1_795_469_400_000_000_000),
        ] as [(String, Int64)])
    func `a time is a date in UTC or seconds`(text: String, nanoseconds: Int64) throws {
        #expect(try Moment(text, now: 0).nanoseconds == nanoseconds)
    }

    @Test(
        arguments: [
            ("10m", 600_000_000_000), ("1h30m", 5_400_000_000_000), ("250ms", 250_000_000), ("2d", 172_800_000_000_000),
            ("0s", 0),
        ] as [(String, Int64)])
    func `a span is so long ago`(text: String, ago: Int64) throws {
        let now: Int64 = 1_795_469_400_000_000_000
        #expect(try Moment(text, now: now).nanoseconds == now - ago)
    }

    @Test(arguments: [
        "", "yesterday", "10", "-5", "10x", "2026-13-01", "2026-11-23T25:00", "2026-11-23T21:30:00?", "1.2.3", "m",
        "99999999999999999999", "9999999999999h", "2026-11-23T21:30:00+1",
    ])
    func `what is no time is refused, and a number is one`(text: String) {
        if text == "10" { return #expect((try? Moment(text, now: 0)) != nil) }
        #expect(throws: (any Error).self) { try Moment(text, now: 0) }
    }

    @Test(arguments: [0, 951_825_600_000_000_000, 1_795_469_400_250_000_001, 4_102_444_799_999_999_999] as [Int64])
    func `a time is told so that it can be read again`(nanoseconds: Int64) throws {
        #expect(try Moment(Moment(nanoseconds: nanoseconds).description, now: 0).nanoseconds == nanoseconds)
    }

    @Test func `every day from 1970 to 2261 is its own date`() {
        let days = Int64(0)..<106_000
        let wrong = days.filter { CivilDate(daysSince1970: $0).daysSince1970 != $0 }
        #expect(wrong == [])
        #expect(CivilDate(daysSince1970: 20_780).description == "2026-11-23")
    }

    @Test func `a filter is a label or a status`() throws {
        let label = try Assignment("a=b")
        #expect(try ContainerFilter("label=a=b") == .label(label))
        #expect(try ContainerFilter("status=running") == .status(.running))
    }

    @Test(arguments: ["label=", "status=asleep", "color=red", "x"])
    func `what is no filter is refused`(text: String) {
        #expect(throws: (any Error).self) { try ContainerFilter(text) }
    }

    @Test(arguments: [
        ("", [UInt8]()), ("AA==", [0]), ("AAE=", [0, 1]), ("AAEC", [0, 1, 2]), ("//79", [0xFF, 0xFE, 0xFD]),
    ])
    func `base64 is read back`(text: String, bytes: [UInt8]) {
        #expect([UInt8](base64: text) == bytes)
        #expect([UInt8](base64: text + "!") == nil)
    }
}
