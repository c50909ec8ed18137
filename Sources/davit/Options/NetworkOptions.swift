import ArgumentParser
import Model

/// How a container is connected.
struct NetworkOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("net")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A network (default: the agent's, none unless it is told otherwise; bridge with -p or -P), with what the container shall be on it; may be repeated. container:NAME shares another's.",
            valueName: "name[:ip=,ip6=,mac=,alias=,ingress=,egress=]"),
        completion: .list(["none", "host", "bridge", "default"]), transform: ConnectionText.init)
    var network: [ConnectionText] = []

    @OptionGroup var wishes: ConnectionOptions

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Another name by which others on its first network find it.", valueName: "name"))
    var networkAlias: [String] = []

    @OptionGroup var dns: DNSOptions

    @Option(
        name: [.customShort("p", allowingJoined: true), .long], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Let a port of the host lead to one of the container, or ranges of both.",
            valueName: "[[address:]host:]container[/transport]"),
        transform: PortText.init)
    var publish: [PortText] = []

    @Flag(
        name: [.customShort("P"), .long],
        help: "Let a free port of the host lead to each port that the image exposes.")
    var publishAll = false

    func apply(to spec: inout ContainerSpec) {
        let ports = publish.flatMap(\.mappings)
        if !ports.isEmpty { spec.ports = ports }
        if publishAll { spec.publishAll = true }
        var connections = network.map(\.connection)
        if connections.isEmpty { connections = [NetworkConnection(spec.network)] }
        wishes.apply(to: &connections[0])
        if !networkAlias.isEmpty { connections[0].aliases = (connections[0].aliases ?? []) + networkAlias }
        spec.network = connections[0].network
        dns.apply(to: &spec)
        // A name says all of a connection without wishes.
        if connections != [NetworkConnection(spec.network)] { spec.networks = connections }
    }
}

/// What a container shall be on its first network, or on one that it is connected to.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The address of version 4 that it shall have.", valueName: "address"))
    var ip: String?

    @Option(help: ArgumentHelp("The address of version 6 that it shall have.", valueName: "address"))
    var ip6: String?

    @Option(help: ArgumentHelp("The link address that it shall have.", valueName: "address"))
    var macAddress: String?

    func apply(to connection: inout NetworkConnection) {
        let addresses = [ip, ip6].compactMap { $0 }
        if !addresses.isEmpty { connection.addresses = (connection.addresses ?? []) + addresses }
        connection.mac = macAddress ?? connection.mac
    }
}
