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
}

/// The three standard descriptors of the main process and what the monitor reads from.
struct Streams {
    /// What becomes 0, 1 and 2 of the program; -1 keeps `/dev/null`.
    var program: [Int32] = [-1, -1, -1]
    private(set) var output: Stream?
    private(set) var error: Stream?
    /// The ends of our pipes that only the program may hold: the last to close tells us the end.
    private var writers: [Int32] = []

    init(_ stdio: Stdio) throws(Failure) {
        if case .descriptor(let index) = stdio.input { program[0] = Descriptors.ofPlan(index) }
        output = try open(1, stdio.output, Stream.stdout, stdio.owner)
        error = try open(2, stdio.error, Stream.stderr, stdio.owner)
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
            var (reader, writer): (Int32, Int32) = (-1, -1)
            try check(unsafe davit_pipe(0, &reader, &writer))
            // Opening /dev/stdout asks for the permission of the pipe's owner.
            try check(unsafe davit_fchownat(writer, "", owner.uid, owner.gid, Int32(Kernel.emptyPath)))
            // The size is a wish: a user past pipe-user-pages-soft gets less.
            _ = davit_set_pipe_size(writer, 256 << 10)
            try check(davit_set_nonblocking(reader, true))
            program[number] = writer
            writers.append(writer)
            return Stream(source: reader, copy: copy.map { Descriptors.ofPlan($0) } ?? -1, name: name)
        }
    }

    /// In the parent, after the birth.
    func closeWriters() {
        for writer in writers { _ = davit_close(writer) }
    }

    /// In the child: puts the descriptors at 0, 1 and 2.
    func place() throws(Failure) {
        for (number, descriptor) in program.enumerated() where descriptor >= 0 {
            try check(davit_place(descriptor, Int32(number)))
        }
    }
}
