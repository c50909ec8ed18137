import ArgumentParser
import DavitClient
import JSON
import Model
import Wire

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show all that is known of containers and images.",
        discussion: "Prints a JSON array; with --json and one name just its object, as the protocol has it.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "Ids, beginnings of ids, names, or image references.")
    var things: [String]

    func run() throws {
        let client = try agent.connect()
        reading.tell(try things.map { try Inspect.find($0, client) })
    }

    private static func find(_ thing: String, _ client: Client) throws -> JSONValue {
        do {
            return try client.callRaw(ContainerGet.name, JSONValue(encoding: ContainerTarget(container: thing)))
        } catch let error as AgentError where error.code == .containerNotFound {}
        do {
            return try client.callRaw(ImageGet.name, JSONValue(encoding: ImageTarget(image: thing)))
        } catch let error as AgentError where error.code == .imageNotFound {
            throw AgentError(.containerNotFound, "there is no container and no image \"\(thing)\"")
        }
    }
}
