import ArgumentParser
import DavitClient
import Wire

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start containers that are created or have ended.")

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Show the program's output and end with its exit status.")
    var attach = false
    @Flag(name: .shortAndLong, help: "With -a: give the program your standard input.")
    var interactive = false
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
        let attachment = try Attachment(agent: agent.path, container: containers[0])
        throw ExitCode(try attachment.start(containers[0], streams: Streams(withInput: interactive)))
    }
}
