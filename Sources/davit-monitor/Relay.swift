internal import CLinux
internal import CStart

/// One output stream: from the program's pipe to the log and, unchanged, to the client's descriptor.
@safe final class Relay {
    private static let capacity = 128 << 10

    let source: Int32
    private(set) var copy: Int32
    private(set) var isOpen = true
    private var head: LineHead
    // Freed never: a relay lives as long as the process.
    private let buffer =
        unsafe davit_pages(Relay.capacity)
        ?? UnsafeMutableRawPointer.allocate(byteCount: Relay.capacity, alignment: 16)
    /// Bytes of an unfinished line at the front of the buffer.
    private var kept = 0
    /// Bytes that the client has yet to take; nothing is read before it did.
    private var uncopied = 0..<0

    init(_ stream: Stream) {
        source = stream.source
        copy = stream.copy
        head = LineHead(stream.name)
    }

    var waitsForClient: Bool { copy >= 0 && !uncopied.isEmpty }

    /// What to wait for: room at the client first, then the program.
    var poll: davit_poll {
        waitsForClient
            ? davit_poll(descriptor: copy, events: Kernel.writable, ready: 0)
            : davit_poll(descriptor: isOpen ? source : -1, events: Kernel.readable, ready: 0)
    }

    /// Reads once and passes it on. False: there was nothing to read, or the client is not ready.
    func pump(into log: LogFile?) -> Bool {
        if waitsForClient { return copyOn() }
        guard isOpen else { return false }
        let got = unsafe davit_read(source, buffer + kept, Relay.capacity - kept)
        if got == 0 { isOpen = false }
        guard got > 0 else { return false }
        uncopied = kept..<kept + Int(got)
        write(to: log, kept + Int(got))
        _ = copyOn()
        return true
    }

    /// Logs an unterminated last line.
    func finish(into log: LogFile?) {
        guard let log, kept > 0 else { return }
        head.setTime()
        unsafe log.appendLast(buffer, kept, head)
        kept = 0
    }

    /// Gives the memory back; there was no output for a while.
    func rest() {
        if kept == 0 && !waitsForClient { unsafe davit_pages_trim(buffer, Relay.capacity) }
    }

    /// Gives the client up.
    func dropClient() {
        copy = -1
        settle()
    }

    /// Bytes of the buffer up to `end` are lines; what is behind the last line end stays for the next time.
    private func write(to log: LogFile?, _ end: Int) {
        head.setTime()
        let logged = unsafe log?.append(buffer, end, head) ?? end
        tail = logged..<end
        if copy < 0 { settle() }
    }

    /// The unfinished line behind all that was logged, until it can move to the front.
    private var tail = 0..<0

    private func settle() {
        uncopied = 0..<0
        unsafe davit_move(buffer, buffer + tail.lowerBound, tail.count)
        kept = tail.count
        tail = 0..<kept
    }

    /// Copies as long as the client has room. False: it has none now.
    ///
    /// The descriptor is the client's own, so it may block: a pipe that polls writable takes one page without.
    private func copyOn() -> Bool {
        while waitsForClient {
            guard davit_poll(copy, Int32(Kernel.writable), 0) != 0 else { return false }
            let count = min(uncopied.count, 4096)
            let written = unsafe davit_write(copy, buffer + uncopied.lowerBound, count)
            if written == -Int64(Failure.wouldBlock) { return false }
            if written < 0 { copy = -1 } else { uncopied = uncopied.dropFirst(Int(written)) }
        }
        settle()
        return true
    }
}
