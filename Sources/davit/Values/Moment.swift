import ArgumentParser

/// A point in time as people write it: `2026-11-23T21:30:00Z`, `10m` (ago), or seconds since 1970.
struct Moment: Equatable {
    /// Since 1970.
    let nanoseconds: Int64

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init(_ text: String, now: Int64) throws {
        guard let found = Moment.seconds(text) ?? Moment.ago(text, now: now) ?? Moment.date(text) else {
            throw ValidationError(
                "\"\(text)\" is not a time: write 2026-11-23T21:30:00Z, 2026-11-23, 10m, 1h30m, or seconds since 1970")
        }
        nanoseconds = found
    }

    private static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first.flatMap({ number($0) }) else { return nil }
        guard let fraction = parts.count == 2 ? fraction(parts[1]) : 0 else { return nil }
        return scaled(whole, by: 1_000_000_000, plus: fraction)
    }

    private static func ago(_ text: String, now: Int64) -> Int64? {
        span(text).flatMap { difference(now, $0) }
    }

    /// Nanoseconds of a span such as `1h30m` or `250ms`; nil when it is none.
    static func span(_ text: String) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = number(digits), let length = units[String(unit)],
                let sum = scaled(count, by: length, plus: total)
            else { return nil }
            total = sum
        }
        return text.isEmpty ? nil : total
    }

    private static let units: [String: Int64] = [
        "ns": 1, "us": 1000, "µs": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000, "d": 86_400_000_000_000,
    ]

    /// `YYYY-MM-DD[THH:MM[:SS[.fraction]]][Z|+HH:MM|-HH:MM]`; without an offset it is UTC.
    private static func date(_ text: String) -> Int64? {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "T" || $0 == "t" || $0 == " " }
        guard let day = parts.first.flatMap({ days($0) }) else { return nil }
        guard parts.count == 2 else { return scaled(day, by: units["d"] ?? 0, plus: 0) }
        let clock = parts[1].prefix { !"Zz+-".contains($0) }
        guard let time = timeOfDay(clock), let offset = offset(parts[1].dropFirst(clock.count)) else { return nil }
        return scaled(day, by: 86_400_000_000_000, plus: time).flatMap { difference($0, offset) }
    }

    /// Days since 1970 of `YYYY-MM-DD` in the Gregorian calendar.
    private static func days(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).compactMap { number($0) }
        guard parts.count == 3, (1970...2261).contains(parts[0]), (1...12).contains(parts[1]),
            (1...31).contains(parts[2])
        else { return nil }
        return CivilDate(year: parts[0], month: parts[1], day: parts[2]).daysSince1970
    }

    private static func timeOfDay(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let hours = number(parts[0]), let minutes = number(parts[1]),
            hours < 24, minutes < 60
        else { return nil }
        guard parts.count == 3 else { return (hours * 60 + minutes) * 60_000_000_000 }
        guard let seconds = seconds(String(parts[2])), seconds < 61_000_000_000 else { return nil }
        return (hours * 60 + minutes) * 60_000_000_000 + seconds
    }

    private static func offset(_ text: Substring) -> Int64? {
        if text.isEmpty || text == "Z" || text == "z" { return 0 }
        return timeOfDay(text.dropFirst()).map { text.first == "-" ? -$0 : $0 }
    }

    private static func number(_ text: Substring) -> Int64? {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }

    /// The nanoseconds of the digits after a point.
    private static func fraction(_ digits: Substring) -> Int64? {
        digits.count <= 9 ? number(digits + String(repeating: "0", count: 9 - digits.count)[...]) : nil
    }

    private static func scaled(_ count: Int64, by unit: Int64, plus rest: Int64) -> Int64? {
        let (product, tooLarge) = count.multipliedReportingOverflow(by: unit)
        let (sum, overflow) = product.addingReportingOverflow(rest)
        return tooLarge || overflow ? nil : sum
    }

    private static func difference(_ left: Int64, _ right: Int64) -> Int64? {
        let (result, overflow) = left.subtractingReportingOverflow(right)
        return overflow ? nil : result
    }
}

extension Moment: CustomStringConvertible {
    /// RFC 3339 in UTC with nanoseconds, so that all have one width and sort as text.
    var description: String {
        let day = nanoseconds / 86_400_000_000_000
        let rest = nanoseconds % 86_400_000_000_000
        let seconds = rest / 1_000_000_000
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0.padded(to: 2) }.joined(separator: ":")
        return "\(CivilDate(daysSince1970: day))T\(clock).\((rest % 1_000_000_000).padded(to: 9))Z"
    }
}

/// A day of the Gregorian calendar from 1970 on.
///
/// Years are counted from March, so the leap day is a year's last and a month's first day follows from one formula.
struct CivilDate: Equatable, CustomStringConvertible {
    let year: Int64
    let month: Int64
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int64) {
        let sinceYearZero = max(days, 0) + 719_468
        var year = sinceYearZero * 400 / 146_097
        if CivilDate.firstDay(ofYear: year) > sinceYearZero { year -= 1 }
        if CivilDate.firstDay(ofYear: year + 1) <= sinceYearZero { year += 1 }
        let dayOfYear = sinceYearZero - CivilDate.firstDay(ofYear: year)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - CivilDate.firstDay(ofMonth: monthFromMarch) + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        self.year = month <= 2 ? year + 1 : year
    }

    var daysSince1970: Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let marchMonth = month <= 2 ? month + 9 : month - 3
        return CivilDate.firstDay(ofYear: marchYear) + CivilDate.firstDay(ofMonth: marchMonth) + day - 1 - 719_468
    }

    var description: String { "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))" }

    private static func firstDay(ofYear year: Int64) -> Int64 { 365 * year + year / 4 - year / 100 + year / 400 }

    private static func firstDay(ofMonth month: Int64) -> Int64 { (153 * month + 2) / 5 }
}

extension Int64 {
    fileprivate func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
