import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show every wall around a container, and how exposed it is.",
        discussion: "The exposure is 0 (nothing is open) to 10 (everything is), as systemd-analyze security has it.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "An id, the beginning of one, or a name.")
    var container: String

    func run() throws {
        let request = try JSONValue(encoding: IsolationExplain.Params(container: container))
        let result = try agent.connect().callRaw(IsolationExplain.name, request)
        try reading.show(result, things: "walls") { (explanation: IsolationExplain.Result) in
            Explain.table(of: explanation.walls).shown + ["", Explain.verdict(explanation.exposure)]
        }
    }

    static func table(of walls: [IsolationExplain.Wall]) -> Table {
        Table(
            header: ["WALL", "STATE", "EXPOSURE", "WHAT IT MEANS"],
            rows: walls.map { [$0.name, $0.state, $0.exposure == 0 ? "" : tenths($0.exposure), $0.message] })
    }

    static func verdict(_ exposure: Double) -> String {
        let words = [(2.0, "OK"), (5.0, "MEDIUM"), (7.5, "EXPOSED"), (9.0, "UNSAFE")]
        let word = words.first { exposure < $0.0 }?.1 ?? "DANGEROUS"
        return "Exposure: \(tenths(exposure)) of 10 (\(word))"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
