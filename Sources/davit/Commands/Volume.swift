import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

struct Volume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep files that outlive containers.",
        subcommands: [Make.self, List.self, Show.self, Remove.self, Prune.self])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make an empty volume; prints its name.")

        @OptionGroup var agent: AgentOptions
        @Option(
            help: ArgumentHelp("Bytes at most, or 512k, 64m, 1g; where the file system can.", valueName: "size"),
            transform: MemorySize.init)
        var size: MemorySize?
        @Option(
            name: .shortAndLong, parsing: .unconditionalSingleValue,
            help: ArgumentHelp("Set a label.", valueName: "name[=value]"), transform: Assignment.init)
        var label: [Assignment] = []
        @Argument(help: "Its name; a random one without.")
        var name: String?

        func run() throws {
            let request = VolumeCreate.Params(
                name: try name.map { try VolumeName($0) }, size: size?.bytes, labels: label.labels)
            Output.tell([try agent.connect().call(VolumeCreate.self, request).name.description])
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List volumes.", aliases: ["list"])

        @OptionGroup var agent: AgentOptions
        @Flag(name: .shortAndLong, help: "Print names only.")
        var quiet = false
        @OptionGroup var reading: ReadingOptions

        func run() throws {
            let result = try agent.connect().callRaw(VolumeList.name)
            try reading.show(result, things: "volumes") { (list: VolumeList.Result) in
                quiet ? list.volumes.map(\.name.description) : List.table(of: list.volumes, now: Clock.now).shown
            }
        }

        static func table(of volumes: [VolumeInfo], now: Int64) -> Table {
            let rows = volumes.map { volume in
                [
                    volume.name.description, "\(Age(from: volume.createdAt, to: now)) ago",
                    volume.size?.asMemory ?? "-", "\(volume.containers.count)",
                ]
            }
            return Table(header: ["NAME", "CREATED", "SIZE", "CONTAINERS"], rows: rows)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Show all that is known of volumes.")

        @OptionGroup var agent: AgentOptions
        @OptionGroup var reading: ReadingOptions
        @Argument(help: "Names.")
        var volumes: [String]

        func run() throws {
            let client = try agent.connect()
            let found = try volumes.map {
                try client.callRaw(VolumeGet.name, JSONValue(encoding: VolumeTarget(volume: $0)))
            }
            reading.tell(found)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Remove volumes that no container has.", aliases: ["remove"])

        @OptionGroup var agent: AgentOptions
        @Argument(help: "Names.")
        var volumes: [String]

        func run() throws {
            try agent.connect().each(VolumeRemove.self, of: volumes) { .init(volume: $0) }
        }
    }

    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove the volumes that nobody named and no container has.")

        @OptionGroup var agent: AgentOptions
        @Flag(name: .shortAndLong, help: "Also those that somebody named.")
        var all = false
        @Flag(name: .shortAndLong, help: .hidden)
        var force = false

        func run() throws {
            let result = try agent.connect().call(VolumePrune.self, .init(all: all ? true : nil))
            Output.tell(result.removed.map(\.description))
        }
    }
}
