import ArgumentParser
import DavitClient
import Model
import Wire

struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a container without starting it.", usage: "davit create [options] image [command ...]",
        helpNames: .long)

    @OptionGroup var agent: AgentOptions
    @OptionGroup var container: ContainerOptions

    func run() throws {
        let spec = try container.spec(caller: Caller.environment)
        let request = ContainerCreate.Params(spec: spec, credentialContents: try container.handover.contents())
        Output.tell([try agent.connect().call(ContainerCreate.self, request).id.description])
    }
}
