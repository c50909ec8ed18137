import Linux
import Model
import Wire

/// Our own standard streams, to be given to a program in a container.
struct Streams {
    let descriptors: [Int32]
    /// Which of `descriptors` is which.
    let stdio: Stdio
    /// How large our terminal is, where the program shall have one.
    private(set) var size: TerminalSize?

    /// Throws `request.invalid` where one of them is closed: another file would have taken its number.
    init(withInput: Bool) throws(AgentError) {
        descriptors = withInput ? [0, 1, 2] : [1, 2]
        stdio = withInput ? Stdio(stdin: 0, stdout: 1, stderr: 2) : Stdio(stdout: 0, stderr: 1)
        try Self.check()
    }

    /// For a program with a terminal, whose keys come by another way. Throws `container.no_terminal` where we have none.
    init(ofTerminal: Void) throws(AgentError) {
        (descriptors, stdio) = ([1], Stdio(stdout: 0))
        try Self.check()
        guard let size = TerminalDevice.size(of: 0) else {
            throw AgentError(
                .containerNoTerminal, "the input device is not a TTY: leave -t out, or run it in a terminal")
        }
        self.size = size.rows == 0 || size.columns == 0 ? .standard : TerminalSize(size)
    }

    private static func check() throws(AgentError) {
        for number in 0..<Int32(3) {
            do { _ = try StandardStream(rawValue: number).status() } catch {
                throw AgentError(.requestInvalid, "descriptor \(number) is closed: redirect it to /dev/null")
                    .caused(by: error)
            }
        }
    }
}

extension TerminalSize {
    init(_ size: (rows: UInt16, columns: UInt16)) { self.init(rows: size.rows, columns: size.columns) }
}
