internal import CLinux
internal import LaunchPlanEmbedded

/// One output of the program, read by the monitor.
struct Stream {
    static let stdout: StaticString = "stdout"
    static let stderr: StaticString = "stderr"

    let source: Int32
    /// The client's descriptor, or -1.
    let copy: Int32
    let name: StaticString
    /// It is a terminal's other side: open for others to write to, and at its end when the program has closed it.
    var isTerminal = false
}

/// The three standard descriptors of the main process and what the monitor reads from.
struct Streams {
    /// What becomes 0, 1 and 2 of the program; -1 keeps `/dev/null`.
    var program: [Int32] = [-1, -1, -1]
    private(set) var output: Stream?
    private(set) var error: Stream?
    /// Where what the program reads is written to; -1: it reads nothing of ours.
    private(set) var input: Int32 = -1
    /// Whose bytes are to be written to the terminal; -1 for nobody's.
    private(set) var feed: Int32 = -1
    private let hasTerminal: Bool
    /// The ends of our pipes that only the program may hold: the last to close tells us the end.
    private var theirs: [Int32] = []

    init(_ stdio: Stdio) throws(Failure) {
        hasTerminal = stdio.terminal != nil
        guard !hasTerminal else {
            if case .descriptor(let index) = stdio.input { feed = Descriptors.ofPlan(index) }
            var copy: Int32 = -1
            if case .relay(let index?) = stdio.output { copy = Descriptors.ofPlan(index) }
            // Its source comes with the birth.
            output = Stream(source: -1, copy: copy, name: Stream.stdout, isTerminal: true)
            return
        }
        switch stdio.input {
        case .null: break
        case .descriptor(let index): program[0] = Descriptors.ofPlan(index)
        case .open: input = try openInput(stdio.owner)
        }
        output = try open(1, stdio.output, Stream.stdout, stdio.owner)
        error = try open(2, stdio.error, Stream.stderr, stdio.owner)
    }

    /// The other side of the program's terminal, as soon as there is one.
    var master: Int32 {
        get { hasTerminal ? input : -1 }
        set {
            guard hasTerminal, let stream = output else { return }
            output = Stream(source: newValue, copy: stream.copy, name: stream.name, isTerminal: true)
            input = newValue
        }
    }

    private mutating func open(
        _ number: Int, _ output: Stdio.Output, _ name: StaticString, _ owner: Stdio.Owner
    ) throws(Failure) -> Stream? {
        switch output {
        case .null: return nil
        case .descriptor(let index):
            program[number] = Descriptors.ofPlan(index)
            return nil
        case .relay(let copy):
            let (reader, writer) = try Self.pipe(owner)
            // The size is a wish: a user past pipe-user-pages-soft gets less.
            _ = davit_set_pipe_size(writer, 256 << 10)
            try check(davit_set_nonblocking(reader, true))
            program[number] = writer
            theirs.append(writer)
            return Stream(source: reader, copy: copy.map { Descriptors.ofPlan($0) } ?? -1, name: name)
        }
    }

    /// A pipe for the program to read. Its other end stays here, so that it never ends.
    private mutating func openInput(_ owner: Stdio.Owner) throws(Failure) -> Int32 {
        let (reader, writer) = try Self.pipe(owner)
        program[0] = reader
        theirs.append(reader)
        return writer
    }

    private static func pipe(_ owner: Stdio.Owner) throws(Failure) -> (reader: Int32, writer: Int32) {
        var (reader, writer): (Int32, Int32) = (-1, -1)
        try check(unsafe davit_pipe(0, &reader, &writer))
        // Opening /dev/stdout asks for the permission of the pipe's owner.
        try check(unsafe davit_fchownat(writer, "", owner.uid, owner.gid, Int32(Kernel.emptyPath)))
        return (reader, writer)
    }

    /// In the parent, after the birth.
    func closeTheirs() {
        for end in theirs { _ = davit_close(end) }
    }

    /// In the child: puts the descriptors at 0, 1 and 2.
    func place() throws(Failure) {
        for (number, descriptor) in program.enumerated() where descriptor >= 0 {
            try check(davit_place(descriptor, Int32(number)))
        }
    }
}
