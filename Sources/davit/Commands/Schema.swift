import ArgumentParser
import DavitClient
import JSON
import Model

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the protocol's methods.",
        discussion: "With a method: its params, result, items and errors as JSON Schema.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: "One method, such as container.run.")
    var method: String?

    func run() throws {
        let schema = try agent.connect().callRaw("schema")
        guard let method else {
            return try reading.show(schema, things: "methods") { (_: JSONValue) in Schema.table(of: schema).shown }
        }
        guard let found = schema["methods"]?.array?.first(where: { $0["name"]?.string == method }) else {
            throw AgentError(.methodUnknown, "there is no method \"\(method)\"")
        }
        Output.tell([String(json: found, pretty: !reading.json && !reading.jsonl)])
    }

    static func table(of schema: JSONValue) -> Table {
        Table(
            header: ["METHOD", "RIGHT", "WHAT IT DOES"],
            rows: (schema["methods"]?.array ?? []).map { method in
                ["name", "right", "summary"].map { method[$0]?.string ?? "" }
            })
    }
}
