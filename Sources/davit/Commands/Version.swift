import ArgumentParser
import DavitClient
import JSON
import Wire

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the versions of this client and of the agent.")

    @OptionGroup var agent: AgentOptions
    @Flag(help: "Ask nobody: this client's only.")
    var client = false

    func run() throws {
        Output.tell(["Client: \(Davit.version)"])
        guard !client else { return }
        Output.tell(["Agent:  \(try agent.connect().call(Hello.self, .init()).version)"])
    }
}
