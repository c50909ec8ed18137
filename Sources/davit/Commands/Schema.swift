import ArgumentParser
import DavitClient
import JSON
import Linux

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the protocol's methods.",
        discussion: "A table on a terminal, else JSON. With a method: its params, result and items as JSON Schema.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "One method, such as container.run.")
    var method: String?

    func run() throws {
        let params: JSONValue = method.map { ["method": .string($0)] } ?? [:]
        let schema = try agent.connect().callRaw("schema", params)
        if method == nil && (reading.jsonl || TerminalDevice.width(of: StandardStream.output.rawValue) != nil) {
            return try reading.show(schema, things: "methods") { (_: JSONValue) in Schema.table(of: schema).shown }
        }
        let one = method.flatMap { _ in schema["methods"]?[0] }
        Output.tell([String(json: one ?? schema, pretty: !reading.json)])
    }

    static func table(of schema: JSONValue) -> Table {
        Table(
            header: ["METHOD", "RIGHT", "WHAT IT DOES"],
            rows: (schema["methods"]?.array ?? []).map { method in
                ["name", "right", "summary"].map { method[$0]?.string ?? "" }
            })
    }
}
