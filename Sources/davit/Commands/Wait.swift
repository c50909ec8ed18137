import ArgumentParser
import DavitClient
import Model
import Wire

struct Wait: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until containers have ended, and print their exit codes.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(
            ContainerWait.self, of: containers, params: { .init(container: $0) },
            tell: { result, _ in (result.code ?? result.exit?.code).map { [String($0)] } ?? [] })
    }
}
