import ArgumentParser
import DavitClient
import Model
import Wire

struct Attach: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a running container's output, and type to it.",
        discussion: "Ends with the program's exit status, or 0 when the detach keys were typed.")

    @OptionGroup var agent: AgentOptions
    @Flag(help: "Type nothing to it.")
    var noStdin = false
    @Option(help: ArgumentHelp("Whether signals go to the program (default: true).", valueName: "true|false"))
    var sigProxy = true
    @OptionGroup var leaving: DetachOptions
    @Argument(help: "Id, beginning of an id, or name.")
    var container: String

    func run() throws {
        let found = try agent.connect().call(ContainerGet.self, .init(container: container))
        let hasTerminal = found.spec.terminal == true
        let streams = try hasTerminal && !noStdin ? Streams(ofTerminal: ()) : Streams(withInput: false)
        let attachment = try Attachment(
            agent: agent.path, target: .container(found.id.description),
            terminal: .init(isThere: hasTerminal, isInteractive: !noStdin, keys: leaving.keys()),
            forwardsSignals: sigProxy)
        // The last screenful, less the line that the cursor is in.
        let request = ContainerAttach.Params(
            container: found.id.description, stdio: streams.stdio, terminalSize: streams.size,
            replay: streams.size.map { Int($0.rows) - 1 })
        throw ExitCode(try attachment.stay(ContainerAttach.self, request, streams))
    }
}
