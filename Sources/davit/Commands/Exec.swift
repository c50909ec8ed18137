import ArgumentParser
import DavitClient
import Model
import Wire

struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one more program in a running container.",
        usage: "davit exec [options] container command ...",
        discussion: "Ends as run does. A program that we stay with ends when we are killed; one with -d lives on.",
        helpNames: .long)

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Leave it running, and print its number.")
    var detach = false
    @Flag(name: .shortAndLong, help: "Give the program your standard input.")
    var interactive = false
    @Flag(name: .shortAndLong, help: "Give the program a terminal.")
    var tty = false
    @Option(
        name: .shortAndLong, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set a variable; NAME alone takes your own.", valueName: "name[=value]"),
        transform: Assignment.init)
    var env: [Assignment] = []
    @Option(
        parsing: .unconditionalSingleValue, help: ArgumentHelp("Read variables, one a line.", valueName: "file"),
        completion: .file())
    var envFile: [String] = []
    @Option(
        name: [.customShort("w", allowingJoined: true), .long],
        help: ArgumentHelp("The working directory (default: the container's).", valueName: "path"))
    var workdir: String?
    @Option(
        name: [.customShort("u", allowingJoined: true), .long],
        help: ArgumentHelp("Who it runs as (default: as the container's program).", valueName: "user[:group]"))
    var user: String?
    @Flag(help: "Without the container's walls.")
    var privileged = false
    @OptionGroup var leaving: DetachOptions
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The container, then the program and its arguments.", valueName: "container command ..."))
    var words: [String] = []

    private var operands: ArraySlice<String> { words.first == "--" ? words.dropFirst() : words[...] }

    func validate() throws {
        if words.first == "--help" { throw CleanExit.helpRequest() }
        if let first = words.first, first != "--", first.hasPrefix("-") {
            throw ValidationError("there is no option \(first)")
        }
        guard operands.count > 1 else { throw ValidationError("name a container, and a program to run in it") }
    }

    func run() throws {
        var params = ExecRun.Params(container: operands.first ?? "", command: Array(operands.dropFirst()))
        let environment = try ([Assignment](environmentFiles: envFile) + env).environment(of: Caller.environment)
        params.environment = environment.isEmpty ? nil : environment
        (params.workingDirectory, params.user) = (workdir, user)
        params.privileged = privileged ? true : nil
        guard detach else { throw ExitCode(try stay(&params)) }
        params.detach = true
        params.terminal = tty ? .standard : nil
        Output.tell([try agent.connect().call(ExecRun.self, params).exec])
    }

    private func stay(_ params: inout ExecRun.Params) throws -> Int32 {
        let streams = try tty ? Streams(ofTerminal: ()) : Streams(withInput: interactive)
        (params.stdio, params.terminal) = (streams.stdio, streams.size)
        let attachment = try Attachment(
            agent: agent.path, target: nil,
            terminal: .init(isThere: tty, isInteractive: tty && interactive, keys: leaving.keys()))
        return try attachment.stay(ExecRun.self, params, streams)
    }
}
