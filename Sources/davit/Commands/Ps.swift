import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

struct Ps: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List containers.")

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Show those that do not run, too.")
    var all = false
    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false
    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: ArgumentHelp("Only some: label=NAME=VALUE or status=STATUS; may be given again.", valueName: "filter"),
        transform: ContainerFilter.init)
    var filter: [ContainerFilter] = []
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        let result = try agent.connect().callRaw(ContainerList.name, JSONValue(encoding: request))
        try reading.show(result, things: "containers") { (list: ContainerList.Result) in
            quiet ? list.containers.map(\.id.description) : Ps.table(of: list.containers, now: Clock.now).shown
        }
    }

    /// What is asked of the agent: running ones unless all or a status is wanted.
    var request: ContainerList.Params {
        let labels = filter.compactMap(\.label).labels
        let phases = filter.compactMap(\.phase)
        let running: [ContainerPhase]? = all ? nil : [.waiting, .starting, .running, .paused, .stopping, .restarting]
        return ContainerList.Params(phases: phases.isEmpty ? running : phases, labels: labels.isEmpty ? nil : labels)
    }

    static func table(of containers: [ContainerInfo], now: Int64) -> Table {
        Table(
            header: ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAME"],
            rows: containers.map { container in
                [
                    container.id.description, container.spec.image.familiarReference, container.commandLine,
                    "\(Age(from: container.state.createdAt, to: now)) ago", container.status(now: now),
                    container.state.network?.ports.map(\.description).joined(separator: ", ") ?? "",
                    container.spec.name?.description ?? "",
                ]
            })
    }
}

/// `label=NAME=VALUE` or `status=PHASE`.
enum ContainerFilter: Equatable {
    case label(Assignment)
    case status(ContainerPhase)

    init(_ text: String) throws {
        let filter = try Assignment(text)
        switch (filter.name, filter.value ?? "") {
        case ("label", let label): self = .label(try Assignment(label))
        case ("status", let status):
            guard let phase = ContainerPhase(rawValue: status) else {
                let known = ContainerPhase.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\"\(status)\" is no status: use one of \(known)")
            }
            self = .status(phase)
        default: throw ValidationError("\"\(text)\" is no filter: write label=NAME=VALUE or status=STATUS")
        }
    }

    var label: Assignment? {
        guard case .label(let label) = self else { return nil }
        return label
    }

    var phase: ContainerPhase? {
        guard case .status(let phase) = self else { return nil }
        return phase
    }
}
