import ArgumentParser
import DavitClient
import Wire

struct Unpause: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let paused containers go on.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(ContainerResume.self, of: containers) { .init(container: $0) }
    }
}
