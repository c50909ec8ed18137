import ArgumentParser
import DavitClient
import Wire

struct PauseContainers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let every process of containers stand still.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(ContainerPause.self, of: containers) { .init(container: $0) }
    }
}
