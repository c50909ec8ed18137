import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a container added (A), changed (C) or deleted (D) in its root.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "An id, the beginning of one, or a name.")
    var container: String

    func run() throws {
        let client = try agent.connect()
        let request = ContainerTarget(container: container)
        guard !reading.json, !reading.jsonl else {
            return try client.showItems(ContainerDiff.self, request, reading)
        }
        var output = Output()
        try client.stream(ContainerDiff.self, request) { item in
            guard let item else { return output.flush() }
            let kind = item["kind"]?.string?.first?.uppercased() ?? "?"
            output.line("\(kind) \((item["path"]?.string ?? "").printable)")
        }
    }
}
