import ArgumentParser
import DavitClient
import Model
import Wire

struct Rename: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a container another name.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "An id, the beginning of one, or a name.")
    var container: String
    @Argument(help: "The new name.")
    var name: String

    func run() throws {
        _ = try agent.connect().call(
            ContainerRename.self, .init(container: container, name: ContainerName(name)))
    }
}
