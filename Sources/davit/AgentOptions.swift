import ArgumentParser
import DavitClient
import FoundationEssentials

/// Where the agent is.
struct AgentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The agent's socket (default: $DAVIT_SOCKET or \(Client.defaultPath)).", valueName: "path"),
        completion: .file())
    var socket: String?

    var path: String { socket ?? Caller.environment["DAVIT_SOCKET"] ?? Client.defaultPath }

    func connect() throws -> Client { try Client.connect(path: path) }
}

/// Who runs this program.
enum Caller {
    static var environment: [String: String] { ProcessInfo.processInfo.environment }
    static var directory: String { FileManager.default.currentDirectoryPath }
}
