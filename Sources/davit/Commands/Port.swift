import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Port: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the ports of the host that lead to a container, or change them while it runs.",
        subcommands: [List.self, Add.self, Remove.self, Path.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List the ports of the host that lead to a container.", aliases: ["list"])

        @OptionGroup var agent: AgentOptions
        @Argument(help: "The container.")
        var container: String
        @Argument(
            help: ArgumentHelp("Only where this port of the container is reached.", valueName: "port[/transport]"),
            transform: PortText.init)
        var port: PortText?

        func run() throws {
            let info = try agent.connect().call(ContainerGet.self, ContainerTarget(container: container))
            let lines = try Port.lines(of: info.state.network?.ports ?? [], for: port?.mappings.first)
            for line in lines { print(line) }
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let more ports of the host lead to a container; prints where they are reached.")

        @OptionGroup var change: PortChange

        func run() throws {
            let info = try change.agent.connect().call(PortAdd.self, change.params)
            let new = info.state.network?.ports ?? []
            for port in change.params.ports {
                for line in new.filter({ $0.inside == port.inside }) { print("\(line.inside) -> \(line.outside)") }
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Take ports of the host away from a container.", aliases: ["remove"])

        @OptionGroup var change: PortChange

        func run() throws { _ = try change.agent.connect().call(PortRemove.self, change.params) }
    }

    struct Path: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain", abstract: "Show the path of a packet to each published port, to the program.")

        @OptionGroup var agent: AgentOptions
        @OptionGroup var reading: ReadingOptions
        @Argument(help: "The container.")
        var container: String

        func run() throws {
            let request = try JSONValue(encoding: ContainerTarget(container: container))
            let result = try agent.connect().callRaw(PortExplain.name, request)
            try reading.show(result, things: "paths") { (explanation: PortExplain.Result) in
                explanation.paths.flatMap { path in
                    ["\(path.port)"] + path.steps.map { "  \($0.state.mark) \($0.place): \($0.message)" }
                }
            }
        }
    }

    /// As docker shows them.
    static func lines(of ports: [PortMapping], for wanted: PortMapping?) throws -> [String] {
        guard let wanted else { return ports.map { "\($0.inside) -> \($0.outside)" } }
        let found = ports.filter { $0.inside == wanted.inside }
        guard !found.isEmpty else { throw ValidationError("nothing leads to its port \(wanted.inside)") }
        return found.map(\.outside)
    }
}

/// A container and ports of it.
struct PortChange: ParsableArguments {
    @OptionGroup var agent: AgentOptions
    @Argument(help: "The container.")
    var container: String
    @Argument(
        help: ArgumentHelp("Ports, or ranges.", valueName: "[[address:]host:]container[/transport]"),
        transform: PortText.init)
    var ports: [PortText]

    var params: ContainerPorts { ContainerPorts(container: container, ports: ports.flatMap(\.mappings)) }
}

extension PortMapping {
    /// `80/tcp`
    var inside: String { "\(containerPort)/\(transport.rawValue)" }
    /// `0.0.0.0:8080`
    var outside: String {
        let address = address ?? "0.0.0.0"
        return (address.contains(":") ? "[\(address)]" : address) + ":\(hostPort ?? 0)"
    }
}

extension PortPath.Step.State {
    /// For the eye that runs down a list.
    fileprivate var mark: String {
        switch self {
        case .open: "+"
        case .doubtful: "?"
        case .closed: "x"
        }
    }
}
