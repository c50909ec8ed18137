internal import CLinux

/// Waiting for several files at once.
public enum Poll {
    /// Blocks until one of the descriptors can be read or is at its end (`poll`), and answers which. Negative ones never;
    /// none when the deadline has come.
    public static func readable(_ numbers: [Int32], until deadline: MonotonicTime? = nil) throws(Errno) -> [Bool] {
        var polls = numbers.map { davit_poll(descriptor: $0, events: 1, ready: 0) }
        let milliseconds = deadline.map { MonotonicTime.now.distance(to: $0).milliseconds } ?? -1
        try check(unsafe davit_poll_many(&polls, polls.count, milliseconds))
        return polls.map { $0.ready != 0 }
    }

    /// What one descriptor is waited for, or is ready for.
    public struct Interest: OptionSet, Sendable, Hashable {
        public let rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }

        public static let reading = Interest(rawValue: 1)
        public static let writing = Interest(rawValue: 4)
    }

    /// Blocks until one of the descriptors is ready or the time is over (for ever when negative), and answers what each
    /// is ready for; an error or the end of a file is all that was asked for.
    public static func ready(
        _ waits: [(number: Int32, interest: Interest)], milliseconds: Int32
    ) throws(Errno) -> [Interest] {
        var polls = waits.map { davit_poll(descriptor: $0.number, events: $0.interest.rawValue, ready: 0) }
        try check(unsafe davit_poll_many(&polls, polls.count, milliseconds))
        return polls.map { $0.ready & ~5 != 0 ? Interest(rawValue: $0.events) : Interest(rawValue: $0.ready) }
    }
}

extension Duration {
    /// Rounded up, for `poll`.
    fileprivate var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(
            clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + (attoseconds + 999_999_999_999_999)
                / 1_000_000_000_000_000)
    }
}
