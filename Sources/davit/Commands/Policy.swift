import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Policy: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say who may reach whom.", subcommands: [Make.self, List.self, Show.self, Remove.self])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a policy, which holds at once.",
            discussion: """
                Of the policies that mean a new connection the first decides. PEER is "world", or parts with commas between \
                them: network=NAME, label=NAME=VALUE, or addresses.
                """)

        @OptionGroup var agent: AgentOptions
        @Flag(help: "Allow what it means.")
        var allow = false
        @Flag(help: "Deny what it means; who tries is told.")
        var deny = false
        @Option(
            help: ArgumentHelp("Who begins the connection (default: anybody).", valueName: "peer"),
            transform: PeerText.init)
        var from: PeerText?
        @Option(help: ArgumentHelp("Where it goes (default: anywhere).", valueName: "peer"), transform: PeerText.init)
        var to: PeerText?
        @Option(
            parsing: .unconditionalSingleValue,
            help: ArgumentHelp("A port of the far end (default: all).", valueName: "port[-last][/transport]"),
            transform: PolicyPortText.init)
        var port: [PolicyPortText] = []
        @Option(help: ArgumentHelp("The least is asked first: 0 to 65535 (default: 1000).", valueName: "number"))
        var priority: Int?
        @Option(
            name: .shortAndLong, parsing: .unconditionalSingleValue,
            help: ArgumentHelp("Set a label of the policy.", valueName: "name[=value]"), transform: Assignment.init)
        var label: [Assignment] = []
        @Argument(help: "Its name.")
        var name: String

        func validate() throws {
            if allow == deny { throw ValidationError("say one of --allow and --deny") }
        }

        func run() throws {
            var spec = PolicySpec(name: try NetworkName(name), allow ? .allow : .deny)
            (spec.from, spec.to, spec.priority) = (from?.peer, to?.peer, priority)
            spec.ports = port.isEmpty ? nil : port.map(\.port)
            spec.labels = label.labels
            Output.tell([try agent.connect().call(PolicyCreate.self, spec).spec.name.description])
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List policies, in the order in which they are asked.", aliases: ["list"])

        @OptionGroup var agent: AgentOptions
        @Flag(name: .shortAndLong, help: "Print names only.")
        var quiet = false
        @OptionGroup var reading: ReadingOptions

        func run() throws {
            let result = try agent.connect().callRaw(PolicyList.name)
            try reading.show(result, things: "policies") { (list: PolicyList.Result) in
                quiet ? list.policies.map(\.spec.name.description) : List.table(of: list.policies).shown
            }
        }

        static func table(of policies: [PolicyInfo]) -> Table {
            let rows = policies.map(\.spec).map { spec in
                [
                    spec.name.description, "\(spec.rank)", spec.action.rawValue,
                    PeerText.text(of: spec.from), PeerText.text(of: spec.to),
                    (spec.ports ?? []).map(PolicyPortText.text(of:)).joined(separator: ", "),
                ]
            }
            return Table(header: ["NAME", "PRIORITY", "ACTION", "FROM", "TO", "PORTS"], rows: rows)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Show all that is known of policies.")

        @OptionGroup var agent: AgentOptions
        @OptionGroup var reading: ReadingOptions
        @Argument(help: "Names.")
        var policies: [String]

        func run() throws {
            let client = try agent.connect()
            let found = try policies.map {
                try client.callRaw(PolicyGet.name, JSONValue(encoding: PolicyNamed(policy: $0)))
            }
            reading.tell(found)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Take policies away.", aliases: ["remove"])

        @OptionGroup var agent: AgentOptions
        @Argument(help: "Names.")
        var policies: [String]

        func run() throws {
            try agent.connect().each(PolicyRemove.self, of: policies) { .init(policy: $0) }
        }
    }
}
