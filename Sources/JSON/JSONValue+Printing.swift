extension String {
    /// The compact text of a value, or the one for people: a member a line, two spaces a level.
    public init(json value: JSONValue, pretty: Bool = false) {
        var bytes: [UInt8] = []
        value.print(to: &bytes, pretty: pretty)
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension JSONValue {
    /// Appends the text. It never holds a newline unless `pretty`, so a compact value is always one line.
    ///
    /// A double that JSON has no number for (NaN, infinity) is written as `null`.
    public func print(to bytes: inout [UInt8], pretty: Bool = false) {
        var printer = Printer(pretty: pretty)
        printer.print(self, to: &bytes)
    }
}

private struct Printer {
    let pretty: Bool
    private var level = 0

    init(pretty: Bool) { self.pretty = pretty }

    mutating func print(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: append("null", to: &bytes)
        case .bool(let value): append(value ? "true" : "false", to: &bytes)
        case .int(let value): appendInteger(value, to: &bytes)
        case .double(let value): bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        case .string(let value): appendQuoted(value, to: &bytes)
        case .array(let values): print(values, to: &bytes)
        case .object(let object): print(object, to: &bytes)
        }
    }

    private mutating func print(_ values: [JSONValue], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        level += 1
        for (index, value) in values.enumerated() {
            separate(index, &bytes)
            print(value, to: &bytes)
        }
        close(UInt8(ascii: "]"), isEmpty: values.isEmpty, &bytes)
    }

    private mutating func print(_ object: JSONObject, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        level += 1
        for (index, member) in object.members.enumerated() {
            separate(index, &bytes)
            appendQuoted(member.key, to: &bytes)
            append(pretty ? ": " : ":", to: &bytes)
            print(member.value, to: &bytes)
        }
        close(UInt8(ascii: "}"), isEmpty: object.isEmpty, &bytes)
    }

    private func separate(_ index: Int, _ bytes: inout [UInt8]) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if pretty { newLine(&bytes) }
    }

    private mutating func close(_ end: UInt8, isEmpty: Bool, _ bytes: inout [UInt8]) {
        level -= 1
        if pretty && !isEmpty { newLine(&bytes) }
        bytes.append(end)
    }

    private func newLine(_ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<level { append("  ", to: &bytes) }
    }
}

private func append(_ text: StaticString, to bytes: inout [UInt8]) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
}

private func appendInteger(_ value: Int64, to bytes: inout [UInt8]) {
    guard (0...9).contains(value) else {
        bytes.append(contentsOf: String(value).utf8)
        return
    }
    bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
}

/// Runs of plain bytes are copied whole. Characters outside ASCII stay as they are.
private func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { source in
        var start = 0
        for index in 0..<source.count {
            let byte = unsafe source[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            unsafe bytes.append(contentsOf: source[start..<index])
            appendEscaped(byte, to: &bytes)
            start = index + 1
        }
        unsafe bytes.append(contentsOf: source[start...])
    }
    bytes.append(UInt8(ascii: "\""))
}

private func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"", to: &bytes)
    case UInt8(ascii: "\\"): append("\\\\", to: &bytes)
    case 0x08: append("\\b", to: &bytes)
    case 0x09: append("\\t", to: &bytes)
    case 0x0A: append("\\n", to: &bytes)
    case 0x0C: append("\\f", to: &bytes)
    case 0x0D: append("\\r", to: &bytes)
    default:
        append(byte < 0x10 ? "\\u000" : "\\u00", to: &bytes)
        bytes.append(contentsOf: String(byte, radix: 16).utf8)
    }
}
