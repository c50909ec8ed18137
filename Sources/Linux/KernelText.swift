/// The text of a small file of the kernel's, such as those of a cgroup or of `/proc`: lines of words.
///
/// It walks bytes. The same over the characters of a String takes three quarters of the time of a `container.stats` of
/// 200 containers (`make bench ROW=stats`).
public struct KernelText: Sendable {
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Lends each line in turn; an empty one, too.
    public func forEachLine(_ body: (inout Line) -> Void) {
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            var line = Line(rest: bytes[start..<end])
            body(&line)
            start = end + 1
        }
    }

    /// The values of these keys in a flat keyed file: a key and a number a line. `nil` for a key that is not there.
    public func values(_ keys: [StaticString]) -> [Int64?] {
        var found = [Int64?](repeating: nil, count: keys.count)
        forEachLine { line in
            guard let key = line.next(), let place = keys.firstIndex(where: { key.equals($0) }) else { return }
            found[place] = line.next()?.number
        }
        return found
    }

    /// The number that is all there is; `nil` also for `max`.
    public var number: Int64? {
        var found: Int64?
        forEachLine { line in found = found ?? line.next()?.number }
        return found
    }

    /// Words between blanks, from the front.
    public struct Line: IteratorProtocol {
        fileprivate var rest: ArraySlice<UInt8>

        public mutating func next() -> Word? {
            guard let start = rest.firstIndex(where: { !$0.isBlank }) else { return nil }
            let end = rest[start...].firstIndex(where: \.isBlank) ?? rest.endIndex
            defer { rest = rest[end...] }
            return Word(bytes: rest[start..<end])
        }
    }

    /// Never empty.
    public struct Word: Equatable {
        fileprivate let bytes: ArraySlice<UInt8>

        public func equals(_ text: StaticString) -> Bool {
            bytes.count == text.utf8CodeUnitCount && hasPrefix(text)
        }

        public func hasPrefix(_ text: StaticString) -> Bool {
            text.withUTF8Buffer { prefix in
                guard prefix.count <= bytes.count else { return false }
                return unsafe bytes.prefix(prefix.count).elementsEqual(prefix)
            }
        }

        /// A decimal number; `nil` for anything else, and for one that does not fit.
        public var number: Int64? { Self.number(bytes) }

        /// The number of hundredths in a text such as `12.34`, which the kernel writes with two digits.
        public var hundredths: Int64? {
            let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1)
            guard parts.count == 2, parts[1].count == 2 else { return nil }
            return Self.number(parts[0] + parts[1])
        }

        /// What comes after the first `=`; `nil` when there is none, or nothing after it.
        public var value: Word? {
            guard let at = bytes.firstIndex(of: UInt8(ascii: "=")), at + 1 < bytes.endIndex else { return nil }
            return Word(bytes: bytes[(at + 1)...])
        }

        private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
            guard !digits.isEmpty else { return nil }
            var number: Int64 = 0
            for digit in digits {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                let (tenfold, tooLarge) = number.multipliedReportingOverflow(by: 10)
                let (sum, stillTooLarge) = tenfold.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
                guard !tooLarge, !stillTooLarge else { return nil }
                number = sum
            }
            return number
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
