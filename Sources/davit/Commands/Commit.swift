import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Commit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an image of a container.",
        usage: "davit commit [options] container [name[:tag]]",
        discussion: "--change takes CMD, ENTRYPOINT, ENV, LABEL, STOPSIGNAL, USER and WORKDIR as a Dockerfile has them."
    )

    @OptionGroup var agent: AgentOptions
    @Option(name: .shortAndLong, help: "Who made it.")
    var author: String?
    @Option(name: .shortAndLong, help: "What was done.")
    var message: String?
    @Option(
        name: .shortAndLong, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Change the configuration.", valueName: "instruction"))
    var change: [String] = []
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Let the container stand still meanwhile.")
    var pause = true
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "An id, the beginning of one, or a name.")
    var container: String
    @Argument(help: "The image's name.")
    var reference: String?

    func run() throws {
        let result = try agent.connect().callRaw(ContainerCommit.name, JSONValue(encoding: request()))
        try reading.show(result, things: "images") { (image: ImageInfo) in [image.id] }
    }

    func request() throws -> ContainerCommit.Params {
        var request = ContainerCommit.Params(container: container, reference: reference)
        request.author = author
        request.message = message
        request.pause = pause ? nil : false
        for text in change { try request.apply(instruction: text) }
        return request
    }
}

extension ContainerCommit.Params {
    /// One line of a Dockerfile.
    mutating func apply(instruction text: String) throws {
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\"\(text)\" is no instruction: write such as ENV A=1") }
        let value = parts[1]
        switch parts[0].uppercased() {
        case "CMD": command = try Self.words(value)
        case "ENTRYPOINT": entrypoint = try Self.words(value)
        case "ENV": environment = (environment ?? []) + [try Self.pair(value).joined(separator: "=")]
        case "LABEL":
            let pair = try Self.pair(value)
            labels = (labels ?? [:]).merging([pair[0]: pair[1]]) { _, new in new }
        case "STOPSIGNAL": stopSignal = value
        case "USER": user = value
        case "WORKDIR": workingDirectory = value
        default:
            throw ValidationError(
                "\"\(parts[0])\" can't be changed: use CMD, ENTRYPOINT, ENV, LABEL, STOPSIGNAL, USER or WORKDIR")
        }
    }

    /// A JSON list, or a line for the shell.
    private static func words(_ text: String) throws -> [String] {
        guard text.hasPrefix("[") else { return ["/bin/sh", "-c", text] }
        guard let list = try? JSONValue(parsing: Array(text.utf8)).array else {
            throw ValidationError("\(text) is no JSON list of words")
        }
        return list.compactMap(\.string)
    }

    /// `NAME=value` or `NAME value`.
    private static func pair(_ text: String) throws -> [String] {
        guard let end = text.firstIndex(where: { $0 == "=" || $0 == " " }), end != text.startIndex else {
            throw ValidationError("\"\(text)\" is no NAME=value")
        }
        return [String(text[..<end]), String(text[text.index(after: end)...])]
    }
}
