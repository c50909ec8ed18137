import Linux

/// One of the descriptors that this program was started with; it is not ours to close.
struct StandardStream: OpenFile {
    let rawValue: Int32

    static let input = StandardStream(rawValue: 0)
    static let output = StandardStream(rawValue: 1)
    static let error = StandardStream(rawValue: 2)
}

/// Text on its way to a standard stream, written in large pieces.
struct Output {
    private var bytes: [UInt8] = []
    private let stream: StandardStream

    init(_ stream: StandardStream = .output) { self.stream = stream }

    /// Adds a line.
    mutating func line(_ text: String) {
        add(text.utf8)
        add(CollectionOfOne(UInt8(ascii: "\n")))
    }

    /// Adds bytes as they are.
    mutating func add(_ more: some Sequence<UInt8>) {
        bytes += more
        if bytes.count >= 1 << 16 { flush() }
    }

    /// Writes what was added. Where nobody can read it any more there is nobody to tell.
    mutating func flush() {
        try? stream.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Writes lines to standard output.
    static func tell(_ lines: [String]) {
        var output = Output()
        for line in lines { output.line(line) }
        output.flush()
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        var output = Output(.error)
        output.line(text)
        output.flush()
    }
}
