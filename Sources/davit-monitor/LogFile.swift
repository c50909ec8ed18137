internal import CLinux
internal import CStart
internal import LaunchPlanEmbedded

/// The log of a container: whole lines, gathered and written in large pieces, in files of bounded size.
///
/// A write that fails loses its lines and is counted; it never stops the program's output from being read.
@safe final class LogFile {
    private static let capacity = 256 << 10

    private let directory: Int32
    private let maxBytes: Int
    private let files: Int
    private var file: Int32 = -1
    private var size = 0
    private var lost = 0
    // Freed never: the log lives as long as the process.
    private let buffer =
        unsafe davit_pages(LogFile.capacity)
        ?? UnsafeMutableRawPointer.allocate(byteCount: LogFile.capacity, alignment: 16)
    private var used = 0

    init(_ log: Log) {
        directory = Descriptors.ofPlan(log.directory)
        maxBytes = log.maxBytes
        files = log.files
        open()
    }

    var descriptors: [Int32] { [directory, file] }

    /// Logs the lines at the front of `bytes` and returns how many bytes they are. An unfinished line is not among them.
    func append(_ bytes: UnsafeRawPointer, _ count: Int, _ head: LineHead) -> Int {
        var done = 0
        while true {
            let taken = unsafe gather(bytes + done, count - done, head)
            guard taken > 0 else { return done }
            done += taken
            flush()
            if size >= maxBytes { rotate() }
        }
    }

    /// Logs an unfinished line that nothing will finish.
    func appendLast(_ bytes: UnsafeRawPointer, _ count: Int, _ head: LineHead) {
        unsafe put(Piece(count: count, ended: false), bytes, head, at: buffer)
        used = LineHead.count + count + 1
        flush()
    }

    /// Gives the memory back; there was no output for a while.
    func rest() { unsafe davit_pages_trim(buffer, LogFile.capacity) }

    /// Gathers lines until the file or the buffer is full; one is taken in any case. Returns how many bytes they were.
    ///
    /// Everything is in local variables: this loop is what a line costs.
    private func gather(_ bytes: UnsafeRawPointer, _ count: Int, _ head: LineHead) -> Int {
        let (buffer, room) = unsafe (self.buffer, max(maxBytes - size, 1))
        var (from, to) = (0, 0)
        while to < room, let piece = unsafe Piece(bytes + from, count - from),
            to + LineHead.count + piece.count < LogFile.capacity
        {
            unsafe put(piece, bytes + from, head, at: buffer + to)
            from += piece.count
            to += LineHead.count + piece.count + (piece.ended ? 0 : 1)
        }
        used = to
        return from
    }

    private func put(
        _ piece: Piece, _ bytes: UnsafeRawPointer, _ head: LineHead, at place: UnsafeMutableRawPointer
    ) {
        unsafe head.write(to: place, partial: !piece.ended)
        unsafe davit_copy(place + LineHead.count, bytes, piece.count)
        if !piece.ended { unsafe place.storeBytes(of: 10, toByteOffset: LineHead.count + piece.count, as: UInt8.self) }
    }

    /// Writes what was gathered.
    private func flush() {
        guard used > 0 else { return }
        if file < 0 { open() }
        let lineCountBefore = size
        let written = unsafe writeAll(buffer, used)
        if !written {
            // Half a line must not stay: the next would be glued to it.
            if file >= 0 { _ = davit_ftruncate(file, Int64(lineCountBefore)) }
            size = lineCountBefore
            lost += used
        }
        used = 0
        if written && lost > 0 { tellLoss() }
    }

    private func writeAll(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        var done = 0
        while done < count {
            let written = unsafe davit_write(file, bytes + done, count - done)
            guard written > 0 else { return false }
            done += Int(written)
        }
        size += count
        return true
    }

    private func tellLoss() {
        var head = LineHead(Stream.stderr)
        head.setTime()
        let text = [UInt8]("davit: \(lost) bytes of log could not be written\n".utf8)
        unsafe put(Piece(count: text.count, ended: true), text, head, at: buffer)
        if unsafe writeAll(buffer, LineHead.count + text.count) { lost = 0 }
    }

    private func open() {
        let flags = Kernel.writeOnly | Kernel.create | Kernel.append | Kernel.noFollow
        file = unsafe davit_openat(directory, "log", flags, 0o640)
        var status = davit_status()
        size = 0
        guard file >= 0, unsafe davit_fstatat(file, "", Int32(Kernel.emptyPath), &status) >= 0 else { return }
        size = Int(status.size)
    }

    /// log.1 becomes log.2 and so on, log becomes log.1; the oldest goes.
    private func rotate() {
        _ = davit_close(file)
        for number in (1..<max(files, 2)).reversed() where number < files {
            let older = number == 1 ? "log" : "log.\(number - 1)"
            _ = unsafe davit_renameat2(directory, older, directory, "log.\(number)", 0)
        }
        if files == 1 { _ = unsafe davit_unlinkat(directory, "log", 0) }
        open()
    }
}

/// What is logged as one line: a whole line with its end, or as much of a longer one as may be.
private struct Piece {
    /// The longest line that is logged whole.
    static let longest = 16 << 10

    let count: Int
    let ended: Bool

    init(count: Int, ended: Bool) {
        self.count = count
        self.ended = ended
    }

    /// The first one of `bytes`; nil for an unfinished line that may still grow.
    init?(_ bytes: UnsafeRawPointer, _ count: Int) {
        let window = min(count, Piece.longest)
        let found = unsafe davit_find(bytes, window, 10)
        guard found >= 0 || window == Piece.longest else { return nil }
        self.init(count: found < 0 ? window : Int(found) + 1, ended: found >= 0)
    }
}
