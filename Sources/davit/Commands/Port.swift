import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Port: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the ports of the host that lead to a container.")

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

    /// As docker shows them.
    static func lines(of ports: [PortMapping], for wanted: PortMapping?) throws -> [String] {
        guard let wanted else { return ports.map { "\($0.inside) -> \($0.outside)" } }
        let found = ports.filter { $0.inside == wanted.inside }
        guard !found.isEmpty else { throw ValidationError("nothing leads to its port \(wanted.inside)") }
        return found.map(\.outside)
    }
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
