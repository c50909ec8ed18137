import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the processes of a container.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "An id, the beginning of one, or a name.")
    var container: String

    func run() throws {
        let request = try JSONValue(encoding: ContainerTarget(container: container))
        let result = try agent.connect().callRaw(ContainerTop.name, request)
        try reading.show(result, things: "processes") { (top: ContainerTop.Result) in
            Top.table(of: top.processes, now: Clock.now).shown
        }
    }

    static func table(of processes: [ContainerProcess], now: Int64) -> Table {
        Table(
            header: ["PID", "HOST PID", "USER", "STATE", "CPU", "MEMORY", "STARTED", "COMMAND"],
            rows: processes.map { process in
                [
                    process.pid.map { "\($0)" } ?? "-", "\(process.hostPID)", "\(process.user)", process.state,
                    "\(process.cpu / 1000).\(process.cpu % 1000 / 100) s", process.memory.asMemory,
                    "\(Age(from: process.startedAt, to: now)) ago", process.command.joined(separator: " "),
                ]
            })
    }
}
