import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take in images from an OCI layout or a docker archive.",
        discussion: "Reads standard input where no path is given.")

    @OptionGroup var agent: AgentOptions
    @Option(
        name: [.customShort("i", allowingJoined: true), .long],
        help: ArgumentHelp("An archive, or the directory of an OCI layout.", valueName: "path"), completion: .file())
    var input: String?
    @Option(help: ArgumentHelp("Another machine's image: os/architecture[/variant].", valueName: "platform"))
    var platform: String?
    @Option(
        name: [.customShort("t", allowingJoined: true), .long],
        help: ArgumentHelp("Call the image so, instead of the names in the archive.", valueName: "reference"))
    var tag: String?
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "The same as --input.", completion: .file())
    var path: String?

    func validate() throws {
        if input != nil && path != nil { throw ValidationError("name one archive") }
    }

    func run() throws {
        let source = try Load.source(input ?? path)
        let request = ImageLoad.Params(source: 0, reference: tag, platform: platform)
        let client = try agent.connect()
        let id = try client.send(ImageLoad.self, request, descriptors: [source.rawValue])
        try reading.show(client.finish(id), things: "images") { (loaded: ImageLoad.Result) in
            loaded.images.flatMap { image in
                (image.references.isEmpty ? [image.id] : image.references).map { "Loaded \($0.familiarReference)" }
            }
        }
    }

    /// The file or directory itself: the agent reads it, whatever its path is over there.
    private static func source(_ path: String?) throws -> FileDescriptor {
        do {
            guard let path, path != "-" else { return try Spool.file(of: StandardStream.input.duplicate()) }
            return try Spool.file(of: Directory(path: ".").open(path))
        } catch let error as Errno {
            throw AgentError(.requestInvalid, "cannot read \(path ?? "standard input")").caused(by: error)
        }
    }
}

/// What cannot be read twice, such as a pipe, is written to a file without a name first.
enum Spool {
    static func file(of source: consuming FileDescriptor) throws -> FileDescriptor {
        switch try source.status().kind {
        case .regular, .directory: return source
        case .characterDevice where TerminalDevice.width(of: source.rawValue) != nil:
            throw ValidationError("standard input is a terminal: name an archive with -i")
        default: return try copy(of: source)
        }
    }

    private static func copy(of source: borrowing FileDescriptor) throws -> FileDescriptor {
        let file = try unnamedFile()
        while true {
            let piece = try source.read(upTo: 1 << 20)
            guard !piece.isEmpty else { break }
            try file.write(piece)
        }
        // Opened anew: the position is at the beginning, and nobody can write through it.
        return try Directory(path: "/").open(file.path)
    }

    private static func unnamedFile() throws -> FileDescriptor {
        // O_TMPFILE of <fcntl.h> holds the bits of O_DIRECTORY.
        let unnamed: OpenFlags = [OpenFlags(rawValue: 0o20000000), .directory, .readWrite]
        let places = [Caller.environment["TMPDIR"], "/var/tmp"].compactMap { $0 }
        for place in places {
            if let file = try? Directory(path: place).open(".", unnamed, mode: 0o600) { return file }
        }
        return try Directory(path: "/tmp").open(".", unnamed, mode: 0o600)
    }
}
