/// A signal by its number, as x86_64, aarch64 and riscv64 number them (signal(7)).
public struct Signal: Sendable, Hashable, CustomStringConvertible {
    public let number: Int32

    public static let abort = Signal(unchecked: 6)
    public static let kill = Signal(unchecked: 9)
    public static let terminate = Signal(unchecked: 15)

    private init(unchecked number: Int32) { self.number = number }

    /// Takes `TERM`, `SIGTERM`, `term`, `15`, `RTMIN+3` and `SIGRTMAX-1`; throws `request.invalid` for anything else.
    public init(_ text: String) throws(AgentError) {
        var word = text.uppercased()
        if word.hasPrefix("SIG") { word.removeFirst(3) }
        let found = Int32(word) ?? Self.names.firstIndex(of: word).map { Int32($0) + 1 } ?? Self.realTime(word)
        guard let number = found, (1...64).contains(number) else {
            throw AgentError(
                .requestInvalid, "\"\(text)\" is not a signal: use a name such as TERM or a number 1 to 64")
        }
        self.number = number
    }

    public var description: String {
        let index = Int(number) - 1
        return Self.names.indices.contains(index) ? "SIG" + Self.names[index] : "SIGRTMIN+\(number - 34)"
    }

    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]

    /// glibc keeps 32 and 33 for itself, so RTMIN is 34 there; images expect the same.
    private static func realTime(_ word: String) -> Int32? {
        if word == "RTMIN" { return 34 }
        if word == "RTMAX" { return 64 }
        if word.hasPrefix("RTMIN+"), let more = Int32(word.dropFirst(6)), (0...30).contains(more) { return 34 + more }
        if word.hasPrefix("RTMAX-"), let less = Int32(word.dropFirst(6)), (0...30).contains(less) { return 64 - less }
        return nil
    }
}
