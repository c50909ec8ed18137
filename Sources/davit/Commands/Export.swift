import ArgumentParser
import DavitClient
import Linux
import Model
import Wire

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a container's root file system as a tar archive.")

    @OptionGroup var agent: AgentOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("Write to a file.", valueName: "file"), completion: .file())
    var output: String?
    @Argument(help: "An id, the beginning of one, or a name.")
    var container: String

    func run() throws {
        let stream = StandardStream.output
        guard output != nil || TerminalDevice.width(of: stream.rawValue) == nil else {
            throw ValidationError("an archive is nothing for a terminal: give -o FILE, or redirect")
        }
        let file = try output.map {
            try Directory(path: ".").open($0, [.writeOnly, .create, .truncate], mode: 0o600).shared()
        }
        _ = try agent.connect().call(
            ContainerExport.self, .init(container: container, archive: 0),
            descriptors: [file?.rawValue ?? stream.rawValue])
    }
}
