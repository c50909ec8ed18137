internal import Glibc

/// Cuts a stream of bytes into lines, within bounded memory: never more than the limit and the last piece appended.
///
/// `\r\n` counts as `\n`; empty lines are skipped. A line over the limit is reported once, and reading goes on behind its
/// newline.
public struct LineFramer: Sendable {
    public enum Line: Sendable, Equatable {
        /// Without its newline. Drop the slice before the next `append`, which would otherwise copy.
        case line(ArraySlice<UInt8>)
        case tooLong
    }

    /// A line's bytes at most, without its newline.
    public let limit: Int
    private var buffer: [UInt8] = []
    /// Where the line that comes next starts.
    private var start = 0
    /// Up to here there is no newline.
    private var searched = 0
    private var isSkipping = false
    /// Where in the whole stream `buffer[0]` stood.
    private var base: Int64 = 0

    public init(limit: Int = 1 << 20) { self.limit = limit }

    /// How many bytes of the stream are behind the line that `next` gave last, its newline included.
    public var position: Int64 { base + Int64(start) }
    /// How many bytes were appended ever.
    public var end: Int64 { base + Int64(buffer.count) }
    /// Whether bytes wait that are no whole line yet.
    public var hasPartialLine: Bool { start < buffer.count || isSkipping }

    /// Adds what was read.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        compact()
        unsafe buffer.append(contentsOf: bytes)
    }

    // Not for any sequence: a generic one is looked up at run time, which costs more than the bytes.
    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        compact()
        buffer += bytes
    }

    public mutating func append(_ bytes: [UInt8]) { append(bytes[...]) }

    /// The next line, or nil until more is appended.
    public mutating func next() -> Line? {
        while let newline = findNewline() {
            let first = start
            start = newline + 1
            searched = start
            if isSkipping {
                isSkipping = false
                continue
            }
            let last = newline > first && buffer[newline - 1] == UInt8(ascii: "\r") ? newline - 1 : newline
            guard last - first <= limit else { return .tooLong }
            if last > first { return .line(buffer[first..<last]) }
        }
        return rest()
    }

    /// Reports a line without an end once it's too long, and forgets what there is of it.
    private mutating func rest() -> Line? {
        searched = buffer.count
        // One more byte, since the last may be the `\r` of the line's end.
        guard isSkipping || buffer.count - start > limit + 1 else { return nil }
        start = buffer.count
        defer { isSkipping = true }
        return isSkipping ? nil : .tooLong
    }

    private func findNewline() -> Int? {
        unsafe buffer.withUnsafeBytes { bytes in
            guard searched < bytes.count, let from = unsafe bytes.baseAddress?.advanced(by: searched),
                let found = unsafe memchr(from, 0x0A, bytes.count - searched)
            else { return nil }
            return unsafe searched + from.distance(to: UnsafeRawPointer(found))
        }
    }

    /// Forgets the lines that are done; moves bytes only when they are few or most of the buffer is done.
    private mutating func compact() {
        guard start > 0, start == buffer.count || start > 1 << 16 else { return }
        base += Int64(start)
        buffer.removeFirst(start)
        searched -= start
        start = 0
        if buffer.capacity > 2 * limit + (1 << 16) { buffer = Array(buffer) }
    }
}
