import ArgumentParser
import DavitClient
import JSON
import Linux

/// How a command that reads shows what it read.
struct ReadingOptions: ParsableArguments {
    @Flag(help: "Print one JSON document, equal to the protocol's result.")
    var json = false

    @Flag(help: "Print a JSON document a line, one for each thing.")
    var jsonl = false

    func validate() throws {
        if json && jsonl { throw ValidationError("--json and --jsonl exclude each other") }
    }

    /// Prints a result as asked: itself, the things under `key` a line each, or what `lines` makes of it for people.
    func show<T: Decodable>(_ result: JSONValue, things key: String? = nil, lines: (T) throws -> [String]) throws {
        if json { return Output.tell([String(json: result)]) }
        guard jsonl else { return Output.tell(try lines(result.reply())) }
        Output.tell((key.map { result[$0]?.array ?? [] } ?? [result]).map { String(json: $0) })
    }

    /// Prints things that were asked for by name: an array, or with --json and one of them its object.
    func tell(_ things: [JSONValue]) {
        if jsonl { return Output.tell(things.map { String(json: $0) }) }
        let document: JSONValue = json && things.count == 1 ? things[0] : .array(things)
        Output.tell([String(json: document, pretty: !json)])
    }
}

extension Table {
    /// The lines that fit the terminal, or whole ones where there is none.
    var shown: [String] { lines(width: TerminalDevice.width(of: StandardStream.output.rawValue)) }
}
