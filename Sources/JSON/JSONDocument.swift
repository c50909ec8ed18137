/// A file that people write: JSON with `//` and `/* */` comments, whose values know their lines.
public struct JSONDocument: Sendable {
    public let value: JSONValue
    private let lines: [String: Int]

    /// Reads one document. An error's offset counts in the text as it was given; `line(ofOffset:in:)` finds its line.
    public init(configuration text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let bytes = try withoutComments(Array(text.utf8))
        value = try JSONValue(parsing: bytes, limits: limits)
        let places = try Scanner.scan(bytes.span, limits, recordsPlaces: true) { $0.places }
        lines = lineNumbers(of: places, in: bytes)
    }

    /// The line, counted from 1, on which the key of the value at this path stands; the nearest one above it that is
    /// there, for a path that isn't.
    public func line(of path: String) -> Int {
        var path = path[...]
        while !path.isEmpty {
            if let line = lines[String(path)] { return line }
            let end = path.lastIndex { $0 == "." || $0 == "[" } ?? path.startIndex
            path = path[..<end]
        }
        return 1
    }

    /// The line, counted from 1, that holds the byte at `offset`.
    public static func line(ofOffset offset: Int, in text: String) -> Int {
        1 + text.utf8.prefix(max(0, offset)).count { $0 == 0x0A }
    }
}

/// Comments become spaces, so that every offset and every line stays what it was.
private func withoutComments(_ source: [UInt8]) throws(JSONError) -> [UInt8] {
    var bytes = source
    var at = 0
    while at < bytes.count {
        switch bytes[at] {
        case UInt8(ascii: "\""): at = endOfString(bytes, at)
        case UInt8(ascii: "/"): at = try blankComment(&bytes, at)
        default: at += 1
        }
    }
    return bytes
}

private func endOfString(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start + 1
    while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != 0x0A {
        at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    return at + 1
}

private func blankComment(_ bytes: inout [UInt8], _ start: Int) throws(JSONError) -> Int {
    let kind = start + 1 < bytes.count ? bytes[start + 1] : 0
    guard kind == UInt8(ascii: "/") || kind == UInt8(ascii: "*") else { return start + 1 }
    var at = start + 2
    if kind == UInt8(ascii: "/") {
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    } else {
        at += 1
        while at < bytes.count, bytes[at - 1] != UInt8(ascii: "*") || bytes[at] != UInt8(ascii: "/") { at += 1 }
        guard at < bytes.count else {
            throw JSONError(.unfinishedComment, offset: start, "a comment that begins here does not end")
        }
        at += 1
    }
    for index in start..<at where bytes[index] != 0x0A { bytes[index] = 0x20 }
    return at
}

private func lineNumbers(of places: [String: Int], in bytes: [UInt8]) -> [String: Int] {
    var lines: [String: Int] = [:]
    var line = 1
    var at = 0
    for (path, offset) in places.sorted(by: { $0.value < $1.value }) {
        line += bytes[at..<offset].count { $0 == 0x0A }
        at = offset
        lines[path] = line
    }
    return lines
}
