import ArgumentParser
import DavitClient
import Model
import Wire

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a program in a new container.",
        usage: "davit run [options] image [command ...]",
        discussion: """
            Ends with the program's own exit status, or 128 and the signal that ended it; with 125 when the agent \
            could not run it, 126 when the program cannot be executed, 127 when there is none.
            """,
        helpNames: .long)

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Print the container's id and leave it running.")
    var detach = false
    @OptionGroup var container: ContainerOptions

    func run() throws {
        let spec = try container.spec(caller: Caller.environment)
        guard detach else { throw ExitCode(try attached(spec)) }
        let contents = try container.handover.contents()
        let result = try agent.connect().call(
            ContainerRun.self, .init(spec: spec, detach: true, credentialContents: contents))
        Output.tell([result.id.description])
    }

    private func attached(_ spec: ContainerSpec) throws -> Int32 {
        let hasTerminal = spec.terminal == true
        let streams = try hasTerminal ? Streams(ofTerminal: ()) : Streams(withInput: spec.interactive)
        let attachment = try Attachment(
            agent: agent.path, target: spec.name.map { .container($0.description) },
            terminal: .init(
                isThere: hasTerminal, isInteractive: hasTerminal && spec.interactive,
                keys: container.terminal.leaving.keys()))
        var request = ContainerRun.Params(
            spec: spec, stdio: streams.stdio, credentialContents: try container.handover.contents())
        request.terminalSize = streams.size
        return try attachment.stay(ContainerRun.self, request, streams)
    }
}
