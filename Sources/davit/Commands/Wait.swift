import ArgumentParser
import DavitClient
import Model
import Wire

struct Wait: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until containers have ended, and print their exit codes.")

    @OptionGroup var agent: AgentOptions
    @Option(
        help: ArgumentHelp(
            "Wait for this instead: started, ready or healthy; then nothing is printed.", valueName: "condition"),
        completion: .list(ContainerWait.Condition.allCases.map(\.rawValue)), transform: Wait.condition)
    var condition: ContainerWait.Condition?
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        try agent.connect().each(
            ContainerWait.self, of: containers, params: { .init(container: $0, condition: condition) },
            tell: { result, _ in (result.code ?? result.exit?.code).map { [String($0)] } ?? [] })
    }

    private static func condition(_ text: String) throws -> ContainerWait.Condition {
        // podman's word.
        guard let condition = ContainerWait.Condition(rawValue: text == "stopped" ? "exited" : text) else {
            throw ValidationError("\"\(text)\" is no condition: use exited, started, ready or healthy")
        }
        return condition
    }
}
