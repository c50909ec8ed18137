import ArgumentParser
import Model

/// How a container is connected.
struct NetworkOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("net")],
        help: ArgumentHelp(
            "The network: none, host or bridge (default: none; bridge with -p or -P).", valueName: "name"),
        completion: .list(["none", "host", "bridge"]))
    var network: String?

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
        spec.network = network ?? (ports.isEmpty && !publishAll ? spec.network : "bridge")
    }
}
