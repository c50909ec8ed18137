import ArgumentParser
import DavitClient
import JSON
import Linux
import Model
import Wire

/// Stays with a program until it ends: hands on the signals and keys that we get, and outlives a restart of the agent.
final class Attachment {
    private let agent: String
    private var client: Client
    private let signals: SignalForwarding
    private let terminal: Terminal
    private var keyboard: Keyboard?
    private var raw: RawTerminal?

    /// How our own terminal takes part.
    struct Terminal {
        /// The program has one.
        var isThere = false
        /// Our keys are for the program.
        var isInteractive = false
        var keys = DetachKeys.standard
    }

    /// From here on the signals wait for the program. `target` says which it is, where it is known already.
    init(agent: String, target: SignalForwarding.Target?, terminal: Terminal, forwardsSignals: Bool = true) throws {
        self.agent = agent
        self.terminal = terminal
        signals = SignalForwarding(agent: agent, target: target, forwardsAll: forwardsSignals)
        client = try Client.connect(path: agent)
    }

    /// Sends the request that starts or finds the program, and returns the program's exit code, or 0 when it was left.
    func stay<M: Method>(_ method: M.Type, _ params: M.Params, _ streams: Streams) throws -> Int32 {
        // Before the program can show anything: a key typed at its first prompt is its own already.
        if terminal.isThere, terminal.isInteractive { raw = try RawTerminal(0) }
        defer { raw?.restore() }
        let id = try client.send(method, params, descriptors: streams.descriptors)
        try signals.start()
        do {
            return try ended(id)
        } catch let error as AgentError where error.code == .agentStopping {
            return try waitAgain(after: error)
        }
    }

    // MARK: Replies and keys, as they come

    private func ended(_ id: RequestID) throws -> Int32 {
        while true {
            if try !client.hasReply() {
                let isLeft = try waitForSomething()
                if isLeft { return try leave(id) }
                continue
            }
            let reply = try client.receive(for: id)
            switch reply.body {
            case .progress(let progress): try learn(progress, reply.descriptors.first)
            case .item(let item): try show(item)
            case .result(let result): return exitCode(of: result)
            case .failure(let error): throw error
            }
        }
    }

    /// True: the keys to leave by were typed.
    private func waitForSomething() throws -> Bool {
        let reads = keyboard?.target != nil
        let ready = try Poll.readable([client.descriptor, reads ? 0 : -1])
        if ready[0] { try client.readSome() }
        return ready[1] ? keyboard?.pump() ?? false : false
    }

    private func learn(_ progress: JSONValue, _ input: Descriptor?) throws {
        if let exec = progress["exec"]?.string, let container = progress["container"]?.string {
            signals.learn(.exec(exec, of: container))
        } else if let name = progress["id"]?.string {
            signals.learn(.container(name))
        }
        guard let input, keyboard == nil else { return }
        if terminal.isThere { signals.resize(input) }
        guard terminal.isInteractive else { return }
        keyboard = Keyboard(to: input, hasTerminal: terminal.isThere, keys: terminal.keys)
    }

    /// A line of the log, from before we came.
    private func show(_ item: JSONValue) throws {
        var printer = LogPrinter(hasTimestamps: false)
        printer.add(try item.reply())
        printer.flush()
    }

    /// The program goes on, and nothing of it comes here any more.
    private func leave(_ id: RequestID) throws -> Int32 {
        _ = try client.call(Cancel.self, .init(id: .int(id)))
        raw?.restore()
        return 0
    }

    private func exitCode(of result: JSONValue) -> Int32 {
        let exit = result["exit"] ?? result["state"]?["exit"]
        let record = try? exit?.decode(ExitRecord.self, unknownKeys: .ignore)
        if let notice = record?.notice {
            raw?.restore()
            Output.complain("davit: \(notice)")
        }
        return Int32(clamping: result["code"]?.int ?? record.map { Int64($0.code) } ?? 125)
    }

    // MARK: Another agent

    /// The agent went away, the program did not: ask the next agent, for half a minute.
    private func waitAgain(after lost: AgentError) throws -> Int32 {
        guard let target = signals.target else { throw lost }
        for _ in 0..<150 {
            Pause.milliseconds(200)
            do {
                client = try Client.connect(path: agent)
                return try ended(target.wait(on: client))
            } catch let error as AgentError where error.code == .agentStopping {}
        }
        throw lost
    }
}

extension SignalForwarding.Target {
    fileprivate func wait(on client: Client) throws -> RequestID {
        switch self {
        case .container(let name): try client.send(ContainerWait.self, .init(container: name))
        case .exec(let exec, let name): try client.send(ExecWait.self, .init(container: name, exec: exec))
        }
    }
}
