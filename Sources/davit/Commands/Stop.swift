import ArgumentParser
import DavitClient
import Wire

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask containers to end, and kill those that have not after a while.")

    @OptionGroup var agent: AgentOptions
    @Option(
        name: [.customShort("t", allowingJoined: true), .customLong("time"), .customLong("timeout")],
        help: ArgumentHelp("Wait so long before SIGKILL (default: the container's own).", valueName: "seconds"))
    var time: Int?
    @Flag(help: "Stop those that depend on them before.")
    var dependents = false
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(ContainerStop.self, of: containers) {
            .init(container: $0, timeout: time, dependents: dependents ? true : nil)
        }
    }
}
