internal import CLinux

/// What the monitor tells the agent. The agent may be dead or deaf: nothing here waits or fails.
enum Control {
    static func launched(pid: Int32, pidfd: Int32) { send(["launched", "\(pid)"], pidfd) }

    static func failed(_ failure: Failure) { send(["failed", "\(failure.step)", "\(failure.number)"]) }

    static func exited(_ exit: Exit) {
        send(["exited", exit.statusText, exit.signalText, exit.oom ? "true" : "false", "\(exit.time)"])
    }

    /// `input` is where the one who attached may write what the program reads; -1 for nowhere.
    static func attached(_ number: Int, input: Int32) { send(["attached", "\(number)"], input) }

    private static func send(_ fields: [String], _ descriptor: Int32 = -1) {
        var bytes: [UInt8] = []
        for field in fields { bytes += [UInt8](field.utf8) + [0] }
        let descriptors = [descriptor]
        _ = unsafe davit_send(
            Descriptors.control, bytes, bytes.count, descriptors, descriptor < 0 ? 0 : 1, false)
    }
}

/// What the agent wants of a monitor, as NUL-ended fields.
enum Request {
    /// `attach N` with one descriptor for the output, and one for the error output when it has a pipe of its own.
    case attach(Int, [Int32])
    /// `detach N`.
    case detach(Int)
    /// `resize ROWS COLUMNS`.
    case resize(rows: Int, columns: Int)
    /// One of a newer agent.
    case unknown
    /// Nothing will come any more.
    case end

    /// Takes the next one; call it when the socket is readable.
    static func next() -> Request {
        var bytes = [UInt8](repeating: 0, count: 128)
        var descriptors: [Int32] = [-1, -1]
        var count = 0
        let got = unsafe davit_receive(Descriptors.control, &bytes, bytes.count, &descriptors, 2, &count)
        if got == -Int64(Failure.tooLong) || got == -Int64(Failure.wouldBlock) { return .unknown }
        guard got > 0 else { return .end }
        let fields = bytes.prefix(Int(got)).split(separator: 0)
        let request = Request(fields, [Int32](descriptors.prefix(count)))
        if case .attach = request { return request }
        for descriptor in descriptors.prefix(count) { _ = davit_close(descriptor) }
        return request
    }

    private init(_ fields: [ArraySlice<UInt8>], _ descriptors: [Int32]) {
        let numbers = fields.dropFirst().map { Self.number($0) }
        let verb = fields.first ?? []
        self = .unknown
        if numbers.count == 1, verb.elementsEqual("attach".utf8) {
            self = .attach(numbers[0], descriptors)
        } else if numbers.count == 1, verb.elementsEqual("detach".utf8) {
            self = .detach(numbers[0])
        } else if numbers.count == 2, verb.elementsEqual("resize".utf8) {
            self = .resize(rows: numbers[0], columns: numbers[1])
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int {
        digits.reduce(0) { $0 &* 10 &+ Int($1) &- 48 }
    }
}
