import ArgumentParser
import DavitClient
import Wire

struct Rm: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove containers, their files and their logs.")

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Kill those that run.")
    var force = false
    @Flag(name: .shortAndLong, help: "Remove the volumes that nobody named with them.")
    var volumes = false
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(ContainerRemove.self, of: containers) {
            .init(container: $0, force: force ? true : nil, volumes: volumes ? true : nil)
        }
    }
}
