import ArgumentParser
import DavitClient
import Model
import Wire

extension Client {
    /// Asks the same of several things at once. Prints for each what `tell` makes of its result, in the order given;
    /// an error of one does not hold up the others, and ends the program with 1 after all were tried.
    func each<M: Method>(
        _ method: M.Type, of things: [String], params: (String) -> M.Params,
        tell: (M.Result, String) -> [String] = { _, thing in [thing] }
    ) throws {
        var hasFailed = false
        for group in things.chunked(by: Client.atOnce) {
            let requests = try group.map { try (thing: $0, id: send(method, params($0))) }
            for request in requests {
                do {
                    Output.tell(tell(try finish(request.id).reply(), request.thing))
                } catch let error as AgentError where error.code != .agentStopping {
                    hasFailed = true
                    for line in ErrorReport(error: error).lines { Output.complain(line) }
                }
            }
        }
        if hasFailed { throw ExitCode.failure }
    }

    /// Fewer than the 64 that the agent takes from one connection.
    private static var atOnce: Int { 32 }
}

extension Array {
    fileprivate func chunked(by size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
