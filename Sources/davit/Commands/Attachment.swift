import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

/// Stays with a container until it ends: forwards the signals that we get, and outlives a restart of the agent.
struct Attachment {
    private let agent: String
    private let client: Client
    private let signals: SignalForwarding

    /// From here on the signals wait for the container. `container` is its id or name, where it is known already.
    init(agent: String, container: String?) throws {
        self.agent = agent
        signals = SignalForwarding(agent: agent, container: container)
        client = try Client.connect(path: agent)
    }

    /// Runs a new container and returns the exit code of its program.
    func run(_ params: ContainerRun.Params, descriptors: [Int32]) throws -> Int32 {
        let id = try client.send(ContainerRun.self, params, descriptors: descriptors)
        try signals.start()
        do {
            return try ended(id)
        } catch let error as AgentError where error.code == .agentStopping {
            return try waitAgain(after: error)
        }
    }

    /// Starts a container that is there and returns the exit code of its program.
    func start(_ container: String, streams: Streams) throws -> Int32 {
        _ = try client.call(
            ContainerStart.self, .init(container: container, stdio: streams.stdio), descriptors: streams.descriptors)
        try signals.start()
        do {
            return try client.call(ContainerWait.self, .init(container: container)).exitCode
        } catch let error as AgentError where error.code == .agentStopping {
            return try waitAgain(after: error)
        }
    }

    private func ended(_ id: RequestID) throws -> Int32 {
        while true {
            switch try client.receive(for: id).body {
            case .progress(let progress): if let name = progress["id"]?.string { signals.learn(name) }
            case .item: break
            case .result(let result): return try result.reply(as: ContainerRun.Result.self).exitCode
            case .failure(let error): throw error
            }
        }
    }

    /// The agent went away, the container did not: ask the next agent, for half a minute.
    private func waitAgain(after lost: AgentError) throws -> Int32 {
        guard let container = signals.container else { throw lost }
        for _ in 0..<150 {
            Pause.milliseconds(200)
            do {
                return try Client.connect(path: agent).call(ContainerWait.self, .init(container: container)).exitCode
            } catch let error as AgentError where error.code == .agentStopping {}
        }
        throw lost
    }
}

extension ContainerRun.Result {
    /// What to end with: the program's status, or 128 and its signal. Tells on standard error what that does not.
    fileprivate var exitCode: Int32 {
        if let notice = exit?.notice { Output.complain("davit: \(notice)") }
        return Int32(clamping: code ?? exit?.code ?? 125)
    }
}
