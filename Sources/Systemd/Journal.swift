internal import CSystemd
internal import Glibc

/// The log of this program: the journal, or standard error where there is no journal.
public enum Journal {
    /// How bad it is; syslog's numbers.
    public enum Priority: Int, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7
    }

    /// Where journald listens.
    static let socket = "/run/systemd/journal/socket"

    /// Writes one entry. Keys of `fields` are upper-case letters, digits and `_`; others are dropped by journald.
    /// Without journald it is one line on standard error: `<6>message [CONTAINER_ID=...]`.
    ///
    /// Never fails: there is nobody left to tell. May block for as long as journald does not read.
    public static func send(_ message: String, _ priority: Priority = .info, fields: [String: String] = [:]) {
        let sorted = fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let entries = ["MESSAGE=\(message)", "PRIORITY=\(priority.rawValue)"] + sorted
        if hasJournal, unsafe withVectors(entries, { unsafe sd_journal_sendv($0, Int32($1)) }) >= 0 { return }
        writeLine(plainLine(message, priority, sorted))
    }

    private static var hasJournal: Bool { unsafe access(socket, W_OK) == 0 }

    /// Line breaks become spaces, so that an entry stays one line.
    static func plainLine(_ message: String, _ priority: Priority, _ fields: [String]) -> String {
        let suffix = fields.isEmpty ? "" : " [\(fields.joined(separator: " "))]"
        let line = (message + suffix).split(whereSeparator: \.isNewline).joined(separator: " ")
        return "<\(priority.rawValue)>\(line)\n"
    }

    private static func writeLine(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }

    /// Lends `strings` as an array of iovecs into one buffer.
    private static func withVectors(
        _ strings: [String], _ body: (UnsafePointer<iovec>, Int) -> Int32
    ) -> Int32 {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for string in strings {
            bytes += string.utf8
            ends.append(bytes.count)
        }
        return unsafe bytes.withUnsafeMutableBytes { buffer in
            var start = 0
            var vectors: [iovec] = unsafe []
            for end in ends {
                unsafe vectors.append(iovec(iov_base: buffer.baseAddress?.advanced(by: start), iov_len: end - start))
                start = end
            }
            return unsafe vectors.withUnsafeBufferPointer { list in
                guard let first = list.baseAddress else { return -EINVAL }
                return unsafe body(first, list.count)
            }
        }
    }
}
