import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Network: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep networks, and connect containers to them.",
        subcommands: [
            Make.self, List.self, Show.self, Remove.self, Prune.self, Connect.self, Disconnect.self, Limit.self,
        ])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a network; prints its name.")

        @OptionGroup var agent: AgentOptions
        @Option(
            name: .shortAndLong, help: ArgumentHelp("The driver that makes it (default: bridge).", valueName: "name"))
        var driver = "bridge"
        @Option(
            parsing: .unconditionalSingleValue,
            help: ArgumentHelp(
                "Its subnet, one of each version; otherwise a free one is chosen.", valueName: "network/length"))
        var subnet: [String] = []
        @Option(help: ArgumentHelp("Choose addresses from this part of its subnet.", valueName: "network/length"))
        var ipRange: String?
        @Flag(help: "No way out of it, and no port into it.")
        var `internal` = false
        @Flag(inversion: .prefixedNo, help: "Version 6; with --ipv6 a host that can't is an error.")
        var ipv6: Bool?
        @Option(help: ArgumentHelp("The size of its packets, 1280 to 65535.", valueName: "bytes"))
        var mtu: Int?
        @Option(
            name: .shortAndLong, parsing: .unconditionalSingleValue,
            help: ArgumentHelp("What only its driver understands.", valueName: "name=value"),
            transform: Assignment.init)
        var opt: [Assignment] = []
        @Option(
            name: .shortAndLong, parsing: .unconditionalSingleValue,
            help: ArgumentHelp("Set a label.", valueName: "name[=value]"), transform: Assignment.init)
        var label: [Assignment] = []
        @Argument(help: "Its name.")
        var name: String

        func run() throws {
            var spec = NetworkSpec(name: try NetworkName(name), driver: driver)
            spec.subnets = subnet.isEmpty ? nil : subnet
            spec.range = ipRange
            spec.isInternal = `internal` ? true : nil
            (spec.ipv6, spec.mtu) = (ipv6, mtu)
            (spec.options, spec.labels) = (opt.labels, label.labels)
            Output.tell([try agent.connect().call(NetworkCreate.self, spec).spec.name.description])
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List networks.", aliases: ["list"])

        @OptionGroup var agent: AgentOptions
        @Flag(name: .shortAndLong, help: "Print names only.")
        var quiet = false
        @OptionGroup var reading: ReadingOptions

        func run() throws {
            let result = try agent.connect().callRaw(NetworkList.name)
            try reading.show(result, things: "networks") { (list: NetworkList.Result) in
                quiet ? list.networks.map(\.spec.name.description) : List.table(of: list.networks).shown
            }
        }

        static func table(of networks: [NetworkInfo]) -> Table {
            let rows = networks.map { network in
                [
                    network.spec.name.description, network.spec.driver,
                    network.state.subnets.isEmpty ? "-" : network.state.subnets.joined(separator: " "),
                    network.spec.isInternal == true ? "internal" : "-", "\(network.containers.count)",
                ]
            }
            return Table(header: ["NAME", "DRIVER", "SUBNETS", "SCOPE", "CONTAINERS"], rows: rows)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Show all that is known of networks.")

        @OptionGroup var agent: AgentOptions
        @OptionGroup var reading: ReadingOptions
        @Argument(help: "Names.")
        var networks: [String]

        func run() throws {
            let client = try agent.connect()
            let found = try networks.map {
                try client.callRaw(NetworkGet.name, JSONValue(encoding: NetworkNamed(network: $0)))
            }
            reading.tell(found)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Remove networks that no container is on.", aliases: ["remove"])

        @OptionGroup var agent: AgentOptions
        @Argument(help: "Names.")
        var networks: [String]

        func run() throws {
            try agent.connect().each(NetworkRemove.self, of: networks) { .init(network: $0) }
        }
    }

    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove the networks that no container is on.")

        @OptionGroup var agent: AgentOptions
        @Flag(name: .shortAndLong, help: .hidden)
        var force = false

        func run() throws {
            let result = try agent.connect().call(NetworkPrune.self, .init())
            Output.tell(result.removed.map(\.description))
        }
    }
}

// MARK: Containers
extension Network {
    struct Connect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connect a container to one more network, at once where it runs.")

        @OptionGroup var agent: AgentOptions
        @OptionGroup var wishes: ConnectionOptions
        @Option(
            parsing: .unconditionalSingleValue,
            help: ArgumentHelp("Another name by which others on the network find it.", valueName: "name"))
        var alias: [String] = []
        @Argument(help: "The network.")
        var network: String
        @Argument(help: "The container.")
        var container: String

        func run() throws {
            var connection = NetworkConnection(network)
            wishes.apply(to: &connection)
            if !alias.isEmpty { connection.aliases = alias }
            _ = try agent.connect().call(NetworkConnect.self, .init(container: container, connection: connection))
        }
    }

    struct Disconnect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a container off a network, at once where it runs.")

        @OptionGroup var agent: AgentOptions
        @Argument(help: "The network.")
        var network: String
        @Argument(help: "The container.")
        var container: String

        func run() throws {
            _ = try agent.connect().call(NetworkDisconnect.self, .init(container: container, network: network))
        }
    }

    struct Limit: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Limit the bandwidth of a container, at once where it runs; what is left out has no limit.")

        @OptionGroup var agent: AgentOptions
        @Option(
            help: ArgumentHelp("Into the container: 10mbit, 1gbit, or bytes such as 500k.", valueName: "rate"),
            transform: Rate.init)
        var ingress: Rate?
        @Option(help: ArgumentHelp("Out of the container.", valueName: "rate"), transform: Rate.init)
        var egress: Rate?
        @Argument(help: "The container.")
        var container: String
        @Argument(help: "The network; its first one without.")
        var network: String?

        func run() throws {
            let bandwidth = Bandwidth(ingress: ingress?.bytes, egress: egress?.bytes)
            _ = try agent.connect().call(
                NetworkLimit.self, .init(container: container, network: network, bandwidth: bandwidth))
        }
    }
}
