import DavitClient
import JSON
import Model
import Wire

extension Client {
    /// Hands on each item as it comes, and `nil` whenever the next one is not here yet: the time to show what there is.
    func stream<M: Method>(_ method: M.Type, _ params: M.Params, _ handle: (JSONValue?) throws -> Void) throws {
        let id = try send(method, params)
        while true {
            if try !hasReply() { try handle(nil) }
            switch try receive(for: id).body {
            case .progress: break
            case .item(let item): try handle(item)
            case .result: return try handle(nil)
            case .failure(let error):
                try handle(nil)
                throw error
            }
        }
    }

    /// Shows the items as JSON: a line each as they come, or all in one array at the end.
    func showItems<M: Method>(_ method: M.Type, _ params: M.Params, _ reading: ReadingOptions) throws {
        var output = Output()
        var all: [JSONValue] = []
        try stream(method, params) { item in
            guard let item else { return output.flush() }
            if reading.json { all.append(item) } else { output.line(String(json: item)) }
        }
        if reading.json { Output.tell([String(json: .array(all))]) }
    }
}
