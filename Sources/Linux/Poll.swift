internal import CLinux

/// Waiting for several files at once.
public enum Poll {
    /// Blocks until one of the descriptors can be read or is at its end (`poll`), and answers which. Negative ones never.
    public static func readable(_ numbers: [Int32]) throws(Errno) -> [Bool] {
        var polls = numbers.map { davit_poll(descriptor: $0, events: 1, ready: 0) }
        try check(unsafe davit_poll_many(&polls, polls.count, -1))
        return polls.map { $0.ready != 0 }
    }
}
