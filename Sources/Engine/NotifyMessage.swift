/// What one datagram of sd_notify(3) says; words that nobody here knows are left out.
struct NotifyMessage: Sendable, Hashable {
    enum Watchdog: Sendable, Hashable { case alive, trigger }

    var isReady = false
    var isStopping = false
    /// One line of at most 256 characters.
    var status: String?
    var watchdog: Watchdog?
    /// Until the next WATCHDOG=1, this once.
    var moreTime: Duration?

    init(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            note(parts[0], parts[1])
        }
    }

    private mutating func note(_ name: Substring, _ value: Substring) {
        switch (name, value) {
        case ("READY", "1"): isReady = true
        case ("STOPPING", "1"): isStopping = true
        case ("WATCHDOG", "1"): watchdog = .alive
        case ("WATCHDOG", "trigger"): watchdog = .trigger
        case ("EXTEND_TIMEOUT_USEC", _):
            // An hour at most, so that a broken program does not escape its watchdog.
            moreTime = UInt64(value).map { .microseconds(Int64(min($0, 3_600_000_000))) }
        case ("STATUS", _):
            // It is shown on terminals, and what it says is the container's own word.
            let plain = value.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }
            status = String(String.UnicodeScalarView(plain.prefix(256)))
        default: break
        }
    }
}
