import Linux
import TestSupport
import Testing

/// A row of the tables in Tests/Behaviours: a sentence, and what shows it.
struct Behaviour: Sendable, CustomTestStringConvertible {
    let sentence: String
    /// Lines of shell.
    var script = ""
    var status: Int32 = 0
    /// The whole of standard output, where the row tells it.
    var output: String?
    /// Pieces of standard output.
    var pieces: [String] = []
    /// Pieces of standard error, which is empty where there are none.
    var complaints: [String] = []

    var testDescription: String { sentence }

    /// All rows, by the names of their tables.
    static func all() throws -> [Behaviour] {
        let files = try Command.run("cat \"$1\"/Tests/Behaviours/*.txt", [Checkout.root])
        return files.output.split(separator: "\n\n").flatMap { $0.split(separator: "\n= ") }.map(Behaviour.init)
    }

    /// From its lines, as README.md there tells them.
    init(text: Substring) {
        let lines = text.split(separator: "\n")
        sentence = lines.first.map { String($0.hasPrefix("= ") ? $0.dropFirst(2) : $0) } ?? ""
        for line in lines.dropFirst() { add(line.first, String(line.dropFirst(2))) }
    }

    private mutating func add(_ mark: Character?, _ text: String) {
        switch mark {
        case "$": script += text + "\n"
        case "?": status = Int32(text) ?? -1
        case ">": output = (output ?? "") + text + "\n"
        case "~": pieces.append(text)
        case "!": complaints.append(text)
        default: script += "echo 'a line of the table has no mark' >&2; false\n"
        }
    }

    /// What is not as it should be.
    func faults(in said: Command) -> [String] {
        var faults: [String] = []
        if said.status != .exited(status) { faults.append("ended with \(said.status), not \(status)") }
        if let output, said.output != output { faults.append("standard output is not \(output)") }
        faults += pieces.filter { !said.output.contains($0) }.map { "standard output has no \($0)" }
        faults += complaints.filter { !said.error.contains($0) }.map { "standard error has no \($0)" }
        if complaints.isEmpty, said.error != "" { faults.append("standard error is not empty") }
        return faults
    }
}
