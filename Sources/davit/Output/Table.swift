/// Rows for people: columns as wide as their widest cell, three blanks between.
struct Table {
    var header: [String]
    var rows: [[String]] = []

    /// The table's lines. Where a terminal is `width` wide the widest column gives way; `nil` cuts nothing.
    func lines(width: Int? = nil) -> [String] {
        let cells = [header] + rows.map { $0.map(\.printable) }
        var widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        shrink(&widths, to: width)
        return cells.map { line($0, widths) }
    }

    private static let gap = "   "
    private static let narrowest = 12

    private func shrink(_ widths: inout [Int], to width: Int?) {
        guard let width, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }) else { return }
        let excess = widths.reduce(Table.gap.count * (widths.count - 1), +) - width
        guard excess > 0 else { return }
        widths[widest] = max(min(Table.narrowest, widths[widest]), widths[widest] - excess)
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).map { $0.fitted(to: $1) }.joined(separator: Table.gap)
        return String(padded.reversed().drop { $0 == " " }.reversed())
    }
}

extension String {
    /// The same without characters that would move a terminal's cursor or break a line: those are written as escapes.
    var printable: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        return unicodeScalars.map { $0.isControl ? $0.escaped(asASCII: true) : String($0) }.joined()
    }

    /// Filled with blanks on the right.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    fileprivate func fitted(to width: Int) -> String {
        count > width ? prefix(max(0, width - 1)) + "…" : padded(to: width)
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { properties.generalCategory == .control || properties.generalCategory == .format }
}
