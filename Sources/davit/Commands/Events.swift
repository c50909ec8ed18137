import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happens, as it happens.",
        discussion: "--since takes a time, or one of --from's words.")

    @OptionGroup var agent: AgentOptions
    @Option(
        name: [.long, .customLong("since")],
        help: ArgumentHelp("now, oldest, a cursor to go on after, or a time.", valueName: "from"),
        transform: Events.start)
    var from = Start(from: "now", since: nil)
    @Flag(help: "Begin with the containers as they are.")
    var snapshot = false
    @Option(
        name: .customLong("kind"), help: ArgumentHelp("Only events of this kind.", valueName: "kind"),
        completion: .list(Event.Kind.allCases.map(\.rawValue)), transform: Events.kind)
    var kinds: [Event.Kind] = []
    @Flag(help: "End after the events that are there.")
    var once = false
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        guard once || !reading.json else { throw ValidationError("--json has no end here: use --jsonl, or --once") }
    }

    func run() throws {
        let request = EventsSubscribe.Params(
            from: from.from, snapshot: snapshot ? true : nil, kinds: kinds.isEmpty ? nil : kinds,
            once: once ? true : nil)
        var output = Output()
        var all: [JSONValue] = []
        try agent.connect().stream(EventsSubscribe.self, request) { item in
            guard let item else { return output.flush() }
            guard from.includes(item) else { return }
            if reading.json { return all.append(item) }
            for line in reading.jsonl ? [String(json: item)] : Events.lines(try item.reply()) { output.line(line) }
        }
        if reading.json { Output.tell([String(json: .array(all))]) }
    }

    /// An item for people.
    static func lines(_ item: EventsSubscribe.Item) -> [String] {
        if let event = item.event { return [line(event)] }
        guard let container = item.container else { return [] }
        let parts = [
            Moment(nanoseconds: container.state.createdAt).description,
            "container is \(container.state.phase.rawValue)",
            container.id.description, container.spec.name.map { "(\($0))" },
        ]
        return [parts.compactMap { $0 }.joined(separator: " ")]
    }

    private static func line(_ event: Event) -> String {
        var parts = ["\(Moment(nanoseconds: event.time))", event.kind.rawValue, event.subject]
        if let name = event.name { parts.append("(\(name.printable))") }
        if let exit = event.exit { parts.append("code=\(exit.code)" + (exit.oom ? " out of memory" : "")) }
        if let error = event.error { parts.append("\(error.code.rawValue): \(error.message.printable)") }
        return parts.joined(separator: " ")
    }

    /// Where to begin; a time is the oldest event that the agent has, without those that are older than it.
    struct Start {
        let from: String
        let since: Moment?

        func includes(_ item: JSONValue) -> Bool {
            guard let since, let time = item["event"]?["time"]?.int else { return true }
            return time >= since.nanoseconds
        }
    }

    private static func kind(_ text: String) throws -> Event.Kind {
        if let kind = Event.Kind(rawValue: text) { return kind }
        let known = Event.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\"\(text)\" is no kind of event: use one of \(known)")
    }

    /// A number below 10^9 is a cursor; as seconds since 1970 it would be before 2001.
    static func start(_ text: String) throws -> Start {
        if ["now", "oldest"].contains(text) { return Start(from: text, since: nil) }
        if let cursor = Int64(text), (0..<1_000_000_000).contains(cursor) { return Start(from: text, since: nil) }
        return Start(from: "oldest", since: try Moment(text, now: Clock.now))
    }
}
