import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Service: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give one name and address to several containers.",
        subcommands: [Make.self, List.self, Show.self, Remove.self])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a service; prints its addresses.")

        @OptionGroup var agent: AgentOptions
        @Option(help: ArgumentHelp("The network of its containers (default: bridge).", valueName: "name"))
        var network = "bridge"
        @Option(
            name: .shortAndLong, parsing: .unconditionalSingleValue,
            help: ArgumentHelp(
                "A label of the containers that stand behind it; all must be there.", valueName: "name=value"),
            transform: Assignment.init)
        var selector: [Assignment]
        @Option(
            parsing: .unconditionalSingleValue,
            help: ArgumentHelp("A port of it, and that of the containers.", valueName: "port[:container][/transport]"),
            transform: PortText.init)
        var port: [PortText]
        @Option(
            name: [.customShort("p", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
            help: ArgumentHelp(
                "Let a port of the host lead to one of the service.", valueName: "[address:]host:port[/transport]"),
            transform: PortText.init)
        var publish: [PortText] = []
        @Flag(help: "Send a client's connections to the same container as long as it is there.")
        var sticky = false
        @Option(
            name: .shortAndLong, parsing: .unconditionalSingleValue,
            help: ArgumentHelp("Set a label of the service.", valueName: "name[=value]"), transform: Assignment.init)
        var label: [Assignment] = []
        @Argument(help: "Its name, by which containers of the network find it.")
        var name: String

        func run() throws {
            let ports = port.flatMap(\.mappings).map { mapping in
                ServicePort(
                    mapping.hostPort ?? mapping.containerPort,
                    targetPort: mapping.hostPort == nil ? nil : mapping.containerPort, transport: mapping.transport)
            }
            var spec = ServiceSpec(
                name: try NetworkName(name), network: try NetworkName(network), selector: selector.labels, ports: ports)
            let published = publish.flatMap(\.mappings)
            spec.publish = published.isEmpty ? nil : published
            spec.affinity = sticky ? .source : nil
            spec.labels = label.labels
            Output.tell(try agent.connect().call(ServiceCreate.self, spec).addresses)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List services.", aliases: ["list"])

        @OptionGroup var agent: AgentOptions
        @Flag(name: .shortAndLong, help: "Print names only.")
        var quiet = false
        @OptionGroup var reading: ReadingOptions

        func run() throws {
            let result = try agent.connect().callRaw(ServiceList.name)
            try reading.show(result, things: "services") { (list: ServiceList.Result) in
                quiet ? list.services.map(\.spec.name.description) : List.table(of: list.services).shown
            }
        }

        static func table(of services: [ServiceInfo]) -> Table {
            let rows = services.map { service in
                [
                    service.spec.name.description, service.spec.network.description,
                    service.addresses.joined(separator: " "),
                    service.spec.ports.map { "\($0.port)/\($0.transport.rawValue)" }.joined(separator: ", "),
                    "\(service.backends.count)",
                ]
            }
            return Table(header: ["NAME", "NETWORK", "ADDRESSES", "PORTS", "CONTAINERS"], rows: rows)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Show all that is known of services.")

        @OptionGroup var agent: AgentOptions
        @OptionGroup var reading: ReadingOptions
        @Argument(help: "Names.")
        var services: [String]

        func run() throws {
            let client = try agent.connect()
            let found = try services.map {
                try client.callRaw(ServiceGet.name, JSONValue(encoding: ServiceNamed(service: $0)))
            }
            reading.tell(found)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Take services away; their containers live on.", aliases: ["remove"])

        @OptionGroup var agent: AgentOptions
        @Argument(help: "Names.")
        var services: [String]

        func run() throws {
            try agent.connect().each(ServiceRemove.self, of: services) { .init(service: $0) }
        }
    }
}
