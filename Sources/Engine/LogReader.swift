internal import Linux
internal import Model

/// Reads a container's log from one point on, through the rotations that happen meanwhile. A pull reader: it keeps one
/// block in memory however long the log is.
public struct LogReader: Sendable {
    private static let block = 64 << 10
    private static let present = "log"
    /// A monitor's lines are shorter by far; what has no end for so long is damage.
    private static let longestLine = 1 << 20

    private let directory: Directory
    private var file: Descriptor?
    private var offset: Int64 = 0
    private var rest: [UInt8] = []

    /// Starts at the oldest line, or `tail` lines before the end.
    ///
    /// It holds a file from here on, made if need be, so that a container's removal does not take away its last words.
    init(directory: Directory, tail: Int?) throws {
        self.directory = directory
        var files = Self.files(in: directory)
        if files.isEmpty { files = [try directory.open(Self.present, [.readWrite, .create], mode: 0o640).shared()] }
        guard let tail else {
            file = files.first
            return
        }
        seek(tail: tail, in: files)
    }

    /// The next entries; empty when there are none at present.
    public mutating func next() async throws -> [LogEntry] {
        let (entries, next) = try await blocking { [self] in
            var next = self
            return (try next.read(), next)
        }
        self = next
        return entries
    }

    private mutating func read() throws -> [LogEntry] {
        var found: [LogEntry] = []
        while found.isEmpty {
            guard let file else { return [] }
            var bytes = try file.read(at: offset, upTo: Self.block)
            if bytes.isEmpty {
                guard let newer = newer(than: file) else { return [] }
                // It may have grown before it was rotated; from here on it does not.
                bytes = try file.read(at: offset, upTo: Self.block)
                if bytes.isEmpty {
                    (self.file, offset, rest) = (newer, 0, [])
                    continue
                }
            }
            offset += Int64(bytes.count)
            found = split(bytes)
        }
        return found
    }

    private mutating func split(_ bytes: [UInt8]) -> [LogEntry] {
        rest += bytes
        var entries: [LogEntry] = []
        var start = 0
        while let end = rest[start...].firstIndex(of: 0x0A) {
            if let entry = LogEntry(line: rest[start..<end]) { entries.append(entry) }
            start = end + 1
        }
        rest.removeFirst(rest.count - start > Self.longestLine ? rest.count : start)
        return entries
    }

    // MARK: Files

    /// `log.3`, `log.2`, `log.1`, `log`: as many as there are, the oldest first.
    private static func files(in directory: Directory) -> [Descriptor] {
        var files: [Descriptor] = []
        var seen: Set<UInt64> = []
        for number in 0... {
            let name = number == 0 ? present : "\(present).\(number)"
            guard let file = try? directory.open(name, .noFollow).shared() else { break }
            // A rotation between two opens shows one file under two names.
            if let inode = try? file.status().inode, seen.insert(inode).inserted { files.insert(file, at: 0) }
        }
        return files
    }

    /// The file that was begun after this one was rotated away; `nil` while this one is the present one.
    private func newer(than file: Descriptor) -> Descriptor? {
        guard let mine = try? file.status().inode else { return nil }
        let files = Self.files(in: directory)
        let inodes = files.map { try? $0.status().inode }
        guard let index = inodes.firstIndex(of: mine) else { return files.first }
        return index + 1 < files.count ? files[index + 1] : nil
    }

    /// Walks back from the end, block by block, until enough newlines went by.
    private mutating func seek(tail: Int, in files: [Descriptor]) {
        var missing = tail
        for file in files.reversed() {
            self.file = file
            offset = (try? file.status().size) ?? 0
            while offset > 0 {
                let start = max(0, offset - Int64(Self.block))
                guard let bytes = try? file.read(at: start, upTo: Int(offset - start)) else { break }
                for (index, byte) in bytes.enumerated().reversed() where byte == 0x0A {
                    // The newline that ends the line before the first wanted one.
                    if missing == 0 {
                        offset = start + Int64(index) + 1
                        return
                    }
                    missing -= 1
                }
                offset = start
            }
        }
    }
}

extension Engine {
    /// A reader of the container's log.
    public func log(of target: String, tail: Int?) throws -> LogReader {
        let container = try find(target)
        return try LogReader(directory: parts.ledger.logDirectory(of: container.record), tail: tail)
    }

    public func log(of run: Run) throws -> LogReader {
        if let output = run.container.output { return output }
        return try LogReader(directory: parts.ledger.logDirectory(of: run.container.record), tail: nil)
    }

    /// Whether no more output can come.
    public func isOver(_ target: String) -> Bool { (try? find(target).life.state.isOver) ?? true }

    public func isOver(_ run: Run) -> Bool { run.container.life.state.isOver }

    /// Lets `delay` go by on the event loop.
    public func pause(_ delay: Duration) async throws {
        var watch: (any Watch)?
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            do { watch = try parts.reactor.after(delay) { done.resume() } } catch { done.resume(throwing: error) }
        }
        withExtendedLifetime(watch) {}
        try Task.checkCancellation()
    }
}
