extension String {
    /// Whether it is `10.0.0.1`, `fd00::1` or `::ffff:10.0.0.1`, strictly: no zone, no brackets, no octal, no short forms
    /// of version 4. Just what the network's code reads.
    var isIPAddress: Bool {
        let text = Array(utf8)
        guard text.contains(UInt8(ascii: ":")) else { return text[...].isFourNumbers }
        let gap = text.indices.dropLast().first { text[$0...].starts(with: "::".utf8) }
        guard let gap else { return text[...].groups == 8 }
        // An address of version 4 can only be the end of the whole.
        let (before, after) = (text[..<gap], text[(gap + 2)...])
        guard !before.contains(UInt8(ascii: ".")), let head = before.groups, let tail = after.groups else {
            return false
        }
        return head + tail < 8
    }
}

extension ArraySlice<UInt8> {
    /// How many groups of 16 bits these are, none in an empty text; `nil` for anything else.
    fileprivate var groups: Int? {
        guard !isEmpty else { return 0 }
        let parts = split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isMixed = parts.last?.contains(UInt8(ascii: ".")) ?? false
        let isWell = parts.dropLast(isMixed ? 1 : 0).allSatisfy { part in
            (1...4).contains(part.count) && part.allSatisfy { $0.isDigit || (0x61...0x66).contains($0 | 0x20) }
        }
        guard isWell, !isMixed || parts.last?.isFourNumbers == true else { return nil }
        return parts.count + (isMixed ? 1 : 0)
    }

    fileprivate var isFourNumbers: Bool {
        let parts = split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(\.isDigit) && (part.count == 1 || part.first != 0x30)
                    && part.reduce(0) { $0 * 10 + Int($1 & 15) } < 256
            }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}
