import ArgumentParser
import DavitClient
import JSON
import Linux
import Wire

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what a container's program wrote.")

    @OptionGroup var agent: AgentOptions
    @Option(
        name: [.customShort("n", allowingJoined: true), .long],
        help: ArgumentHelp("Only the last so many lines, or all.", valueName: "number"), transform: Logs.count)
    var tail: Int?
    @Option(
        help: ArgumentHelp("Only what came later: 2026-11-23T21:30:00Z, 10m, or seconds.", valueName: "time"),
        transform: { try Moment($0, now: Clock.now) })
    var since: Moment?
    @Flag(name: .shortAndLong, help: "Go on until the container ends.")
    var follow = false
    @Flag(name: .shortAndLong, help: "Begin each line with its time.")
    var timestamps = false
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "Id, beginning of an id, or name.")
    var container: String

    func validate() throws {
        guard !follow || !reading.json else { throw ValidationError("--json has no end with -f: use --jsonl") }
    }

    func run() throws {
        let request = ContainerLogs.Params(
            container: container, tail: tail, since: since?.nanoseconds, follow: follow ? true : nil)
        let client = try agent.connect()
        if reading.json || reading.jsonl { return try client.showItems(ContainerLogs.self, request, reading) }
        var printer = LogPrinter(hasTimestamps: timestamps)
        try client.stream(ContainerLogs.self, request) { item in
            guard let item else { return printer.flush() }
            printer.add(try item.reply())
        }
    }

    /// `all` is no bound, as with docker.
    private static func count(_ text: String) throws -> Int? {
        if text == "all" { return nil }
        guard let count = Int(text), count >= 0 else {
            throw ValidationError("\"\(text)\" is no number of lines: write 0 or more, or all")
        }
        return count
    }
}
