import Linux

/// `status.json`, which is opened while that is still allowed, and written in place.
struct StatusFile {
    private static let interval = Duration.seconds(1)

    private let file: Descriptor
    private var size = 0
    private var written: Status?
    private var next = MonotonicTime.now

    /// What an earlier process said of itself is gone.
    init(_ directory: Directory) throws(Errno) {
        file = try directory.open("status.json", [.writeOnly, .create, .truncate, .noFollow]).shared()
    }

    /// When there is something to be written; nil for never. Where it listens is told at once, for the agent waits for
    /// that; the numbers once a second.
    func due(_ status: Status) -> MonotonicTime? {
        guard let written else { return .now }
        if written.listening != status.listening || written.failed != status.failed { return .now }
        return written == status ? nil : next
    }

    /// Writes what is due. One write, and the file never gets shorter: who reads meanwhile finds a whole document.
    mutating func update(_ status: Status) {
        guard let due = due(status), due <= .now else { return }
        var text = Array("\(status.document)".utf8)
        size = max(size, text.count + 1)
        text += [UInt8](repeating: 0x20, count: size - text.count - 1) + [0x0A]
        // A full file system is no reason to end; the next change tries again.
        _ = try? file.write(text, at: 0)
        written = status
        next = .now.advanced(by: Self.interval)
    }
}
