extension IPAddress {
    /// Reads `10.0.0.1`, `fd00::1` or `::ffff:10.0.0.1`, strictly: no zone, no brackets, no octal, no short forms of
    /// version 4. Nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes.contains(UInt8(ascii: ":")) {
            guard let value = Self.sixteenBytes(bytes) else { return nil }
            self = .v6(value)
        } else {
            guard let value = Self.fourBytes(bytes[...]) else { return nil }
            self = .v4(value)
        }
    }

    private static func fourBytes(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let values = parts.compactMap { Digits.decimal($0, atMost: 255) }
        guard parts.count == 4, values.count == 4 else { return nil }
        return values.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func sixteenBytes(_ text: [UInt8]) -> UInt128? {
        guard let gap = firstGap(text) else {
            guard let groups = groups(text[...]), groups.count == 8 else { return nil }
            return joined(groups)
        }
        let (before, after) = (text[..<gap], text[(gap + 2)...])
        // An address of version 4 can only be the end of the whole.
        guard !before.contains(UInt8(ascii: ".")), let head = groups(before), let tail = groups(after),
            head.count + tail.count < 8
        else { return nil }
        return joined(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// Where `::` begins. A second one makes an empty group, which is refused there.
    private static func firstGap(_ text: [UInt8]) -> Int? {
        let colon = UInt8(ascii: ":")
        return text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
    }

    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let four = fourBytes(part) else { return nil }
                groups += [UInt16(four >> 16), UInt16(truncatingIfNeeded: four)]
            } else {
                guard part.count <= 4, let group = Digits.number(part, base: 16, atMost: 65535) else { return nil }
                groups.append(UInt16(group))
            }
        }
        return groups
    }

    private static func joined(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }
}

extension IPAddress: CustomStringConvertible {
    /// Version 6 as RFC 5952 wants it: lower case, the longest run of two or more zero groups left out.
    public var description: String {
        switch self {
        case .v4: bytes.map(String.init).joined(separator: ".")
        case .v6(let value) where value >> 32 == 0xFFFF:
            "::ffff:\(IPAddress.v4(UInt32(truncatingIfNeeded: value)))"
        case .v6(let value):
            Self.text(ofGroups: (0..<8).map { UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * $0)) })
        }
    }

    private static func text(ofGroups groups: [UInt16]) -> String {
        let words = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        let run = longestZeroRun(groups)
        guard run.count >= 2 else { return words(groups[...]) }
        return words(groups[..<run.lowerBound]) + "::" + words(groups[run.upperBound...])
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var (best, start) = (0..<0, 0)
        for (index, group) in groups.enumerated() {
            if group != 0 { start = index + 1 }
            if index + 1 - start > best.count { best = start..<(index + 1) }
        }
        return best
    }
}
