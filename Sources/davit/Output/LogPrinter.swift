import Wire

/// Writes a container's log as its program did: standard output to ours, standard error to ours.
struct LogPrinter {
    let hasTimestamps: Bool
    private var output = Output(.output)
    private var error = Output(.error)
    private var unfinished: Set<String> = []
    private var current = ""

    init(hasTimestamps: Bool) { self.hasTimestamps = hasTimestamps }

    mutating func add(_ line: LogLine) {
        // Where both go to one place the lines keep their order.
        if line.stream != current { flush() }
        current = line.stream
        let bytes = text(of: line)
        if line.stream == "stderr" { error.add(bytes) } else { output.add(bytes) }
    }

    mutating func flush() {
        output.flush()
        error.flush()
    }

    private mutating func text(of line: LogLine) -> [UInt8] {
        let isBeginning = unfinished.remove(line.stream) == nil
        let isPartial = line.partial ?? false
        if isPartial { unfinished.insert(line.stream) }
        let time = hasTimestamps && isBeginning ? "\(Moment(nanoseconds: line.time)) " : ""
        let content = line.text.map { Array($0.utf8) } ?? line.base64.flatMap { [UInt8](base64: $0) } ?? []
        return Array(time.utf8) + content + (isPartial ? [] : [UInt8(ascii: "\n")])
    }
}

extension [UInt8] {
    /// The bytes of a text of RFC 4648, padded or not; nil where a character is not of its alphabet.
    init?(base64 text: String) {
        self = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 where character != UInt8(ascii: "=") {
            guard let value = sixBits(character) else { return nil }
            bits = bits << 6 | value
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
}

private func sixBits(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
