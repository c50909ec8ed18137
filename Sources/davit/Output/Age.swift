/// A length of time for people, in the largest unit of which it has two or more, or a minute or an hour: `3 minutes`.
struct Age: CustomStringConvertible {
    let seconds: Int64

    /// Between two moments in nanoseconds since 1970; a clock that was set back gives none.
    init(from start: Int64, to end: Int64) {
        let (difference, overflow) = end.subtractingReportingOverflow(start)
        seconds = overflow ? 0 : max(0, difference / 1_000_000_000)
    }

    var description: String {
        let unit = Age.units.first { seconds >= $0.least } ?? Unit(name: "second", size: 1, least: 0)
        let count = seconds / unit.size
        return count == 1 ? "1 \(unit.name)" : "\(count) \(unit.name)s"
    }

    private struct Unit {
        let name: String
        let size: Int64
        /// The seconds from which on it is used.
        let least: Int64
    }

    private static let units = [
        Unit(name: "year", size: 365 * 86_400, least: 2 * 365 * 86_400),
        Unit(name: "month", size: 30 * 86_400, least: 60 * 86_400),
        Unit(name: "week", size: 7 * 86_400, least: 14 * 86_400),
        Unit(name: "day", size: 86_400, least: 48 * 3600),
        Unit(name: "hour", size: 3600, least: 3600),
        Unit(name: "minute", size: 60, least: 60),
    ]
}
