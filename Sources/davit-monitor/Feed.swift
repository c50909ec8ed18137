internal import CLinux

/// Bytes on their way from a client to a terminal, for clients that can't hold the terminal's other side themselves.
struct Feed {
    private var source: Int32
    private let sink: Int32
    private var bytes: [UInt8] = []

    init(from source: Int32, to sink: Int32) {
        self.source = source
        self.sink = sink
    }

    /// What to wait for: the client, or room at the terminal for what it wrote.
    var poll: davit_poll {
        bytes.isEmpty
            ? davit_poll(descriptor: source, events: Kernel.readable, ready: 0)
            : davit_poll(descriptor: sink, events: Kernel.writable, ready: 0)
    }

    /// Reads or writes once. At the client's end the program gets the terminal's own sign for it, ctrl-D.
    mutating func pump() {
        guard bytes.isEmpty else { return write() }
        var piece = [UInt8](repeating: 0, count: 1024)
        let got = unsafe davit_read(source, &piece, piece.count)
        if got > 0 {
            bytes = [UInt8](piece.prefix(Int(got)))
        } else if got != -Int64(Failure.wouldBlock) {
            _ = davit_close(source)
            source = -1
            bytes = [4]
        }
        if !bytes.isEmpty, davit_poll(sink, Int32(Kernel.writable), 0) != 0 { write() }
    }

    private mutating func write() {
        let written = unsafe davit_write(sink, bytes, bytes.count)
        bytes = written > 0 ? [UInt8](bytes.dropFirst(Int(written))) : []
    }
}
