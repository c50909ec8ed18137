import ArgumentParser
import Linux
import Model
import Wire

/// What `run` and `create` say of what the program is handed: a socket to say how it is, credentials, open sockets.
struct HandoverOptions: ParsableArguments {
    @Flag(help: "It is ready when it says READY=1 on NOTIFY_SOCKET, as sd_notify(3) does.")
    var notify = false

    @Option(
        help: ArgumentHelp(
            "End it unless it says WATCHDOG=1 within this time again; implies --notify.", valueName: "duration"),
        transform: Period.init)
    var watchdog: Period?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Show it a file of the host as /run/secrets/NAME.", valueName: "name=file | id=name,src=file"),
        transform: HandoverOptions.secret)
    var secret: [CredentialSpec] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The same, with a colon; with =- what is on standard input.", valueName: "name:file | name=-"),
        transform: HandoverOptions.credential)
    var credential: [CredentialSpec] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Open a socket on the host and hand it to the program, as systemd does.",
            valueName: "tcp:address:port | udp:address:port | unix:path[,name=name]"),
        transform: HandoverOptions.listen)
    var listen: [ListenSpec] = []

    func validate() throws {
        guard (secret + credential).count(where: { $0.source == nil }) <= 1 else {
            throw ValidationError("only one credential can come from standard input")
        }
    }

    func apply(to spec: inout ContainerSpec) throws {
        if notify || watchdog != nil { spec.notify = NotifySpec(watchdog: watchdog?.seconds) }
        let credentials = secret + credential
        if !credentials.isEmpty { spec.credentials = credentials }
        if !listen.isEmpty { spec.listen = listen }
        if spec.interactive, credentials.contains(where: { $0.source == nil }) {
            throw ValidationError("standard input can't be both a credential and the program's: leave out -i")
        }
    }

    /// Far below the longest line that the agent reads.
    private static let inputLimit = 512 << 10

    /// What is sent beside the spec: standard input, where a credential comes from there.
    func contents() throws -> [CredentialContent]? {
        guard let name = (secret + credential).first(where: { $0.source == nil })?.name else { return nil }
        do {
            let bytes = try StandardStream.input.readAll(limit: Self.inputLimit)
            return [CredentialContent(name: name, content: String(base64: bytes))]
        } catch {
            guard error == .fileTooLarge else { throw error }
            throw AgentError(
                .requestInvalid,
                "the credential \(name) has more than 512 KiB: give it as a file, --secret \(name)=FILE")
        }
    }

    // MARK: Words

    private static func secret(_ text: String) throws -> CredentialSpec {
        let fields = text.split(separator: ",").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let isLong = ["id", "src", "source", "type"].contains(fields.first?.first)
        guard isLong else { return try pair(text, separator: "=", "--secret") }
        var (name, source): (String?, String?)
        for field in fields where field.count == 2 {
            switch field[0] {
            case "id": name = field[1]
            case "src", "source": source = field[1]
            case "type" where field[1] == "file": break
            default:
                throw ValidationError("--secret \(text): there is no \(field[0])=\(field[1]); write id=NAME,src=FILE")
            }
        }
        guard let name, let source, fields.allSatisfy({ $0.count == 2 }) else {
            throw ValidationError("--secret \(text): write NAME=FILE or id=NAME,src=FILE")
        }
        return CredentialSpec(name: name, source: absolute(source))
    }

    private static func credential(_ text: String) throws -> CredentialSpec {
        if text.hasSuffix("=-"), !text.contains(":") { return CredentialSpec(name: String(text.dropLast(2))) }
        guard text.contains(":") else {
            throw ValidationError(
                "--credential \(text): write NAME:FILE, or NAME=- for standard input; a value in a command line could be"
                    + " read by every user of the host")
        }
        return try pair(text, separator: ":", "--credential")
    }

    private static func pair(_ text: String, separator: Character, _ option: String) throws -> CredentialSpec {
        let parts = text.split(separator: separator, maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\(option) \(text): write NAME\(separator)FILE") }
        return CredentialSpec(name: parts[0], source: absolute(parts[1]))
    }

    /// The agent has another working directory.
    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : Caller.directory + "/" + path
    }

    private static func listen(_ text: String) throws -> ListenSpec {
        let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
        var name: String?
        if parts.count == 2 {
            guard parts[1].hasPrefix("name=") else {
                throw ValidationError("--listen \(text): after the comma stands name=NAME")
            }
            name = String(parts[1].dropFirst(5))
        }
        guard let address = parts.first, ListenAddress(address) != nil else {
            throw ValidationError("--listen \(text): write tcp:ADDRESS:PORT, udp:ADDRESS:PORT or unix:PATH")
        }
        return ListenSpec(address: address, name: name)
    }
}
