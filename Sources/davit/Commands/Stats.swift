import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what running containers use.",
        discussion: "The processor time is measured between two readings; --json shows a single one, with its totals.")

    @OptionGroup var agent: AgentOptions
    @Flag(help: "Show it once.")
    var noStream = false
    @Option(help: ArgumentHelp("Seconds between two readings.", valueName: "seconds"))
    var interval = 1.0
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "Ids, beginnings of ids, or names; default all that run.")
    var containers: [String] = []

    func run() throws {
        let client = try agent.connect()
        let request = ContainerStatistics.Params(
            containers: containers.isEmpty ? nil : containers, interval: reading.json ? nil : interval)
        guard !reading.json else {
            return Output.tell([
                String(json: try client.callRaw(ContainerStatistics.name, JSONValue(encoding: request)))
            ])
        }
        try follow(client, request)
    }

    private func follow(_ client: Client, _ request: ContainerStatistics.Params) throws {
        var output = Output()
        var before: [ContainerID: ContainerStats] = [:]
        var shown = 0
        try client.stream(ContainerStatistics.self, request) { item in
            guard let item else { return output.flush() }
            guard !reading.jsonl else { return output.line(String(json: item)) }
            let now = try (item.reply() as ContainerStatistics.Result).stats
            // The first reading tells nothing of the present yet.
            if !before.isEmpty || now.isEmpty {
                Stats.show(now, before, again: shown > 0 && !noStream, to: &output)
                shown += 1
            }
            before = Dictionary(now.map { ($0.container, $0) }) { first, _ in first }
            if noStream, shown > 0 {
                output.flush()
                throw ExitCode.success
            }
        }
    }

    private static func show(
        _ now: [ContainerStats], _ before: [ContainerID: ContainerStats], again: Bool, to output: inout Output
    ) {
        // Home and clear: the table stays in its place on a terminal.
        let isTerminal = TerminalDevice.width(of: StandardStream.output.rawValue) != nil
        if again, isTerminal { output.add("\u{1B}[H\u{1B}[J".utf8) }
        for line in table(of: now, since: before).shown { output.line(line) }
    }

    static func table(of now: [ContainerStats], since before: [ContainerID: ContainerStats]) -> Table {
        Table(
            header: [
                "CONTAINER ID", "NAME", "CPU %", "MEMORY / LIMIT", "MEM PRESSURE", "IO R / W", "NET R / S", "PIDS",
            ],
            rows: now.map { stats in
                [
                    stats.container.description, stats.name?.description ?? "",
                    stats.cpuPercent(since: before[stats.container]), stats.memoryText, stats.pressureText,
                    stats.ioText, stats.networkText, stats.pids.map { "\($0.current)" } ?? "-",
                ]
            })
    }
}

extension ContainerStats {
    /// Percent of one processor.
    fileprivate func cpuPercent(since before: ContainerStats?) -> String {
        guard let cpu, let earlier = before?.cpu, let before, time > before.time else { return "-" }
        let share = Double(cpu.usage - earlier.usage) * 1000 / Double(time - before.time)
        return "\(Double(Int(share * 1000)) / 10)%"
    }

    fileprivate var memoryText: String {
        guard let memory else { return "-" }
        return memory.current.asMemory + (memory.limit.map { " / \($0.asMemory)" } ?? "")
    }

    fileprivate var pressureText: String { memory?.pressure.map { "\($0.some10)%" } ?? "-" }

    fileprivate var ioText: String { io.map { "\($0.readBytes.asSize) / \($0.writeBytes.asSize)" } ?? "-" }

    fileprivate var networkText: String {
        network.map { "\($0.receivedBytes.asSize) / \($0.sentBytes.asSize)" } ?? "-"
    }
}
