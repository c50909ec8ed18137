import ArgumentParser
import DavitClient
import Wire

struct Kill: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send a signal to the main process of containers.")

    @OptionGroup var agent: AgentOptions
    @Option(
        name: [.customShort("s", allowingJoined: true), .long],
        help: ArgumentHelp("A name, with or without SIG, or a number.", valueName: "signal"))
    var signal = "KILL"
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(ContainerKill.self, of: containers) { .init(container: $0, signal: signal) }
    }
}
