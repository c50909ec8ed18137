internal import CLinux

/// What stands before each line of the log: `2026-11-23T00:17:09.669794202Z stdout F `.
@safe struct LineHead {
    static let count = 40
    // Freed never: a head lives as long as the process.
    private let text = UnsafeMutableRawPointer.allocate(byteCount: LineHead.count, alignment: 16)
    private var second: Int64 = .min

    /// `name` has six letters.
    init(_ name: StaticString) {
        let parts = [UInt8]("0000-00-00T00:00:00.000000000Z ".utf8) + [UInt8](name.description.utf8) + [32, 70, 32]
        unsafe davit_copy(text, parts, LineHead.count)
    }

    /// Writes the head of a whole line, or of a piece of one.
    func write(to place: UnsafeMutableRawPointer, partial: Bool) {
        unsafe davit_copy(place, text, LineHead.count)
        if partial { unsafe place.storeBytes(of: UInt8(ascii: "P"), toByteOffset: 38, as: UInt8.self) }
    }

    /// Sets the time to now, in UTC.
    mutating func setTime() {
        let now = davit_clock_ns(false)
        put(now % 1_000_000_000, at: 20, digits: 9)
        guard now / 1_000_000_000 != second else { return }
        second = now / 1_000_000_000
        put(second % 60, at: 17, digits: 2)
        put(second / 60 % 60, at: 14, digits: 2)
        put(second / 3600 % 24, at: 11, digits: 2)
        setDate(days: second / 86400)
    }

    /// Days since 1970 in the Gregorian calendar: years begin in March here, so that the leap day is the last.
    private func setDate(days: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        put(dayOfYear - (153 * month + 2) / 5 + 1, at: 8, digits: 2)
        put(month < 10 ? month + 3 : month - 9, at: 5, digits: 2)
        put(yearOfEra + era * 400 + (month < 10 ? 0 : 1), at: 0, digits: 4)
    }

    private func put(_ number: Int64, at: Int, digits: Int) {
        var rest = number
        for place in (at..<at + digits).reversed() {
            unsafe text.storeBytes(of: UInt8(truncatingIfNeeded: 48 + rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
    }
}
