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
}

extension Table {
    /// The lines that fit the terminal, or whole ones where there is none.
    var shown: [String] { lines(width: TerminalDevice.width(of: StandardStream.output.rawValue)) }
}
