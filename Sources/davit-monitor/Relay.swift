internal import CLinux
internal import CStart

/// One output stream: from the program's pipe to the log and, unchanged, to the descriptors of clients.
@safe final class Relay {
    private static let capacity = 128 << 10

    let source: Int32
    private let isTerminal: Bool
    private(set) var isOpen = true
    private var copies: [Copy] = []
    private var head: LineHead
    // Freed never: a relay lives as long as the process.
    private let buffer =
        unsafe davit_pages(Relay.capacity)
        ?? UnsafeMutableRawPointer.allocate(byteCount: Relay.capacity, alignment: 16)
    /// Bytes of an unfinished line at the front of the buffer.
    private var kept = 0

    init(_ stream: Stream) {
        source = stream.source
        isTerminal = stream.isTerminal
        head = LineHead(stream.name)
        // Both streams may have the same one, and each closes what it drops.
        if stream.copy >= 0 { copies = [Copy(number: Copy.ofLaunch, descriptor: davit_duplicate(stream.copy, 3))] }
    }

    var descriptors: [Int32] { [source] + copies.map { $0.descriptor } }

    /// The client that has yet to take what was read; nothing more is read before all did. -1 when there is none.
    var slowest: Int32 {
        for copy in copies where !copy.rest.isEmpty { return copy.descriptor }
        return -1
    }

    /// What to wait for: room at the clients first, then the program.
    var poll: davit_poll {
        let client = slowest
        return client >= 0
            ? davit_poll(descriptor: client, events: Kernel.writable, ready: 0)
            : davit_poll(descriptor: isOpen ? source : -1, events: Kernel.readable, ready: 0)
    }

    /// Reads once and passes it on. False: there was nothing to read, or a client is not ready.
    func pump(into log: LogFile?) -> Bool {
        if slowest >= 0 { return copyOn() }
        // A terminal's other side may block: clients write to the same open file.
        guard isOpen, !isTerminal || davit_poll(source, Int32(Kernel.readable), 0) != 0 else { return false }
        let got = unsafe davit_read(source, buffer + kept, Relay.capacity - kept)
        // EIO: nobody has the terminal open any more.
        if got == 0 || (got < 0 && isTerminal) { isOpen = false }
        guard got > 0 else { return false }
        for index in copies.indices { copies[index].rest = kept..<kept + Int(got) }
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
        if kept == 0 && slowest < 0 { unsafe davit_pages_trim(buffer, Relay.capacity) }
    }

    /// From the next output on it is copied there too.
    func add(_ copy: Copy) { copies.append(copy) }

    /// Gives up the clients that `unwanted` says.
    func drop(_ unwanted: (Copy) -> Bool) {
        for copy in copies where unwanted(copy) { _ = davit_close(copy.descriptor) }
        copies.removeAll(where: unwanted)
        if slowest < 0 { settle() }
    }

    /// Bytes of the buffer up to `end` are lines; what is behind the last line end stays for the next time.
    private func write(to log: LogFile?, _ end: Int) {
        head.setTime()
        let logged = unsafe log?.append(buffer, end, head) ?? end
        tail = logged..<end
        if copies.isEmpty { settle() }
    }

    /// The unfinished line behind all that was logged, until it can move to the front.
    private var tail = 0..<0

    private func settle() {
        guard tail.lowerBound > 0 || kept != tail.count else { return }
        unsafe davit_move(buffer, buffer + tail.lowerBound, tail.count)
        kept = tail.count
        tail = 0..<kept
    }

    /// Copies as long as the clients have room. False: one has none now.
    private func copyOn() -> Bool {
        var gone = false
        for index in copies.indices where !copies[index].rest.isEmpty {
            gone = unsafe !copies[index].write(from: buffer) || gone
        }
        if gone { drop { $0.isGone } }
        guard slowest < 0 else { return false }
        settle()
        return true
    }
}

/// Where output is copied for one who watches.
struct Copy {
    /// That of the launch itself.
    static let ofLaunch = 0

    /// What the agent calls it.
    let number: Int
    let descriptor: Int32
    /// Bytes of the relay's buffer that it has yet to take.
    var rest = 0..<0
    private(set) var isGone = false

    init(number: Int, descriptor: Int32) {
        self.number = number
        self.descriptor = descriptor
    }

    /// Writes as long as there is room. False: nobody is there any more.
    ///
    /// The descriptor is the client's own, so it may block: a pipe that polls writable takes one page without.
    mutating func write(from buffer: UnsafeMutableRawPointer) -> Bool {
        while !rest.isEmpty {
            guard davit_poll(descriptor, Int32(Kernel.writable), 0) != 0 else { return true }
            let written = unsafe davit_write(descriptor, buffer + rest.lowerBound, min(rest.count, 4096))
            if written == -Int64(Failure.wouldBlock) { return true }
            if written < 0 {
                isGone = true
                return false
            }
            rest = rest.dropFirst(Int(written))
        }
        return true
    }
}
