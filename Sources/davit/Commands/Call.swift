import ArgumentParser
import DavitClient
import JSON
import Linux
import Model

struct Call: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call any method of the protocol.",
        discussion: "Prints items, then the result, a JSON document a line.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "The method, such as container.list.")
    var method: String
    @Argument(help: "Its params as a JSON object, or - to read them from standard input.")
    var params: String = "{}"

    func run() throws {
        let text = params == "-" ? try StandardStream.input.readAll(limit: 1 << 20) : Array(params.utf8)
        let client = try agent.connect()
        let id = try client.send(method, JSONValue(parsing: text))
        var output = Output()
        let result = try client.finish(id) { item in
            output.line(String(json: item))
            if try !client.hasReply() { output.flush() }
        }
        output.line(String(json: result))
        output.flush()
    }
}
