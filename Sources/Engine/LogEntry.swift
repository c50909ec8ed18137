/// One line, or part of one, that a program wrote.
public struct LogEntry: Sendable, Hashable {
    public enum Stream: String, Sendable, Hashable {
        case stdout, stderr
    }

    /// Nanoseconds since 1970.
    public var time: Int64
    public var stream: Stream
    /// The line goes on in the stream's next entry.
    public var partial: Bool
    /// Without the newline.
    public var bytes: [UInt8]

    /// Reads one line of a log in CRI form, `2026-11-23T00:17:09.669794202Z stdout F message`, without its newline;
    /// `nil` for anything else.
    init?(line: ArraySlice<UInt8>) {
        let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let time = nanoseconds(parts[0]),
            let stream = Stream(rawValue: String(decoding: parts[1], as: UTF8.self)), parts[2].count == 1
        else { return nil }
        self.time = time
        self.stream = stream
        partial = parts[2].first == UInt8(ascii: "P")
        bytes = Array(parts[3])
    }
}

/// `2026-11-23T00:17:09.669794202Z` as nanoseconds since 1970.
private func nanoseconds(_ text: ArraySlice<UInt8>) -> Int64? {
    let bytes = Array(text)
    guard bytes.count == 30, bytes[29] == UInt8(ascii: "Z") else { return nil }
    let fields = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19, 20..<29].map { number(bytes[$0]) }
    let known = fields.compactMap { $0 }
    guard known.count == 7 else { return nil }
    let days = daysSince1970(year: known[0], month: known[1], day: known[2])
    let seconds = ((days * 24 + known[3]) * 60 + known[4]) * 60 + known[5]
    return seconds * 1_000_000_000 + known[6]
}

private func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
        guard (0x30...0x39).contains(digit) else { return nil }
        value = value * 10 + Int64(digit - 0x30)
    }
    return value
}

/// Counts in years that begin with March, so that the leap day comes last.
private func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
}
