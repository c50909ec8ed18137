import ArgumentParser
import DavitClient
import Wire

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop containers and start them again.")

    @OptionGroup var agent: AgentOptions
    @Option(
        name: [.customShort("t", allowingJoined: true), .customLong("time"), .customLong("timeout")],
        help: ArgumentHelp("Wait so long before SIGKILL (default: the container's own).", valueName: "seconds"))
    var time: Int?
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(ContainerRestart.self, of: containers) { .init(container: $0, timeout: time) }
    }
}
