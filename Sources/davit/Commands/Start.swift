import ArgumentParser
import DavitClient
import Model
import Wire

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start containers that are created or have ended.")

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Show the program's output and end with its exit status.")
    var attach = false
    @Flag(name: .shortAndLong, help: "With -a: give the program your standard input.")
    var interactive = false
    @OptionGroup var leaving: DetachOptions
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func validate() throws {
        guard !attach && !interactive || containers.count == 1 else {
            throw ValidationError("-a and -i are for one container at a time")
        }
    }

    func run() throws {
        guard attach || interactive else {
            return try agent.connect().each(ContainerStart.self, of: containers) { .init(container: $0) }
        }
        let container = try agent.connect().call(ContainerGet.self, .init(container: containers[0]))
        throw ExitCode(try stay(with: container))
    }

    private func stay(with container: ContainerInfo) throws -> Int32 {
        let name = container.id.description
        let hasTerminal = container.spec.terminal == true
        let streams = try hasTerminal && interactive ? Streams(ofTerminal: ()) : Streams(withInput: interactive)
        let attachment = try Attachment(
            agent: agent.path, target: .container(name),
            terminal: .init(
                isThere: hasTerminal, isInteractive: hasTerminal && interactive, keys: leaving.keys()))
        let request = ContainerStart.Params(
            container: name, stdio: streams.stdio, terminalSize: streams.size, attach: true)
        return try attachment.stay(ContainerStart.self, request, streams)
    }
}
