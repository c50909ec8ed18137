import ArgumentParser
import DavitClient
import Linux
import Model
import Wire

struct Cp: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy files between a container and here.",
        usage: "davit cp container:path path|-\n       davit cp path|- container:path",
        discussion: """
            Works on running and on stopped containers. Owners, permissions and times are kept as far as you may set \
            them; a link is copied as a link. A directory that ends with /. gives its content alone. \
            "-" is a tar archive on standard input or output.
            """)

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Print nothing; taken for scripts that know docker.")
    var quiet = false
    @Flag(name: .shortAndLong, help: "Keep owners, which is always done; taken for scripts that know docker.")
    var archive = false
    @Argument(help: "container:path, a path here, or -.")
    var source: String
    @Argument(help: "A path here, container:path, or -.")
    var target: String

    func run() throws {
        let client = try agent.connect()
        switch (Place(source), Place(target)) {
        case (.container(let container, let path), .here(let target)):
            try Cp.copyOut(client, container, path, to: target)
        case (.here(let source), .container(let container, let path)):
            try Cp.copyIn(client, source, to: container, path)
        default:
            throw ValidationError("one of the two is a path in a container, as container:path, and the other is not")
        }
    }

    /// A path of a container, or here. One with a colon that is meant to be here begins with / or a dot.
    enum Place: Equatable {
        case container(String, path: String)
        case here(String)

        init(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2, !parts[0].isEmpty, !text.hasPrefix("/"), !text.hasPrefix(".") {
                self = .container(parts[0], path: parts[1])
            } else {
                self = .here(text)
            }
        }
    }

    // MARK: Out

    private static func copyOut(_ client: Client, _ container: String, _ path: String, to target: String) throws {
        guard target != "-" else {
            _ = try client.call(
                ContainerCopyOut.self, .init(container: container, path: path, archive: 0),
                descriptors: [StandardStream.output.rawValue])
            return
        }
        let place = try LocalPlace(target)
        let isContent = path.hasSuffix("/.") || path == "."
        // A directory that is there takes the thing under its own name; else it gets the name that was asked for.
        var tar = try Tar.extract(into: place.directory, makes: isContent ? place.missing : nil)
        let request = ContainerCopyOut.Params(
            container: container, path: path, archive: 0, name: isContent ? nil : place.missing)
        let result = Result { try client.call(ContainerCopyOut.self, request, descriptors: tar.archive) }
        try tar.finish(after: result)
    }

    // MARK: In

    private static func copyIn(_ client: Client, _ source: String, to container: String, _ path: String) throws {
        guard source != "-" else {
            _ = try client.call(
                ContainerCopyIn.self, .init(container: container, path: path, archive: 0),
                descriptors: [StandardStream.input.rawValue])
            return
        }
        let isContent = source.hasSuffix("/.") || source == "."
        let (parent, name) = try LocalPlace.existing(source)
        var tar = try Tar.create(of: isContent ? "." : name, in: isContent ? source : parent)
        let request = ContainerCopyIn.Params(
            container: container, path: path, archive: 0, name: isContent ? nil : name)
        let result = Result { try client.call(ContainerCopyIn.self, request, descriptors: tar.archive) }
        try tar.finish(after: result)
    }
}

/// Where a copy goes on this host: an existing directory, or a new name in one.
struct LocalPlace {
    let directory: String
    /// The last name, where it is not there yet or is a file to be replaced.
    let missing: String?

    init(_ path: String) throws {
        let here = try Directory(path: ".")
        if let status = try? here.open(path, .path).status(), status.kind == .directory {
            (directory, missing) = (path, nil)
            return
        }
        guard !path.hasSuffix("/") else {
            throw AgentError(.pathNotFound, "there is no directory \(path) here")
        }
        let (parent, name) = LocalPlace.split(path)
        guard let status = try? here.open(parent, .path).status(), status.kind == .directory else {
            throw AgentError(.pathNotFound, "there is no directory \(parent) here")
        }
        (directory, missing) = (parent, name)
    }

    /// The directory and name of something that is there.
    static func existing(_ path: String) throws -> (parent: String, name: String) {
        let (parent, name) = split(path)
        guard (try? Directory(path: ".").open(path, [.path, .noFollow])) != nil else {
            throw AgentError(.pathNotFound, "there is no \(path) here")
        }
        return (parent, name)
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        var text = Substring(path)
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        guard let slash = text.lastIndex(of: "/") else { return (".", String(text)) }
        let parent = text[..<slash]
        return (parent.isEmpty ? "/" : String(parent), String(text[text.index(after: slash)...]))
    }
}

/// GNU tar, which every Debian has, on this side of a copy: it keeps what an ordinary user may set, and no link or name
/// in an archive leads it out of its directory.
struct Tar {
    private let process: Pidfd
    /// Our end of the pipe. While we hold it tar waits for more, or for somebody to read.
    private var end: Descriptor?

    /// The end for the agent.
    var archive: [Int32] { end.map { [$0.rawValue] } ?? [] }

    /// `makes` is a directory to make in it first, which then takes what comes.
    static func extract(into directory: String, makes name: String?) throws -> Tar {
        var target = directory
        if let name {
            target += "/" + name
            try Directory(path: ".").makeDirectory(target)
        }
        let pipe = try Pipe().ends()
        let arguments = ["-x", "-p", "--numeric-owner", "--xattrs", "-f", "-", "-C", target]
        return try Tar(arguments, standard: [pipe.reader.rawValue, 1], end: pipe.writer)
    }

    static func create(of name: String, in directory: String) throws -> Tar {
        let pipe = try Pipe().ends()
        let arguments = [
            "-c", "--numeric-owner", "--xattrs", "--sparse", "--format=pax", "-f", "-", "-C", directory, "--", name,
        ]
        return try Tar(arguments, standard: [-1, pipe.writer.rawValue], end: pipe.reader)
    }

    private init(_ arguments: [String], standard: [Int32], end: Descriptor) throws {
        let executable = try Directory(path: "/").open("bin/tar", .path)
        process = try Process.spawn(
            executable: executable.rawValue, arguments: ["tar"] + arguments, environment: ["LC_ALL=C.UTF-8"],
            descriptors: [], standard: standard
        ).shared()
        self.end = end
    }

    /// The agent's error tells more than tar's.
    mutating func finish(after result: Result<some Any, any Error>) throws {
        end = nil
        let status = try process.collect(wait: true)
        _ = try result.get()
        guard status == .exited(0) else { throw AgentError(.hostFailed, "tar failed: see what it said above") }
    }
}
