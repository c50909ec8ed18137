internal import Linux
internal import Model
internal import Systemd

/// What the process does at its edges: arguments in, exit code out.
enum Program {
    /// Exit codes as systemd.exec(5) lists them: 64 wrong use, 78 wrong configuration, 1 anything else.
    static func run(_ words: some Sequence<String>) -> Int32 {
        do {
            let arguments = try Arguments(words)
            switch arguments.task {
            case .showHelp: say(Arguments.help)
            case .showVersion: say("davitd \(Version.text)")
            case .checkConfiguration:
                _ = try Configuration.load(arguments.configuration, isNamed: arguments.isNamed)
                say("\(arguments.configuration): all right")
            case .serve: try serve(arguments)
            }
            return 0
        } catch let error as Arguments.WrongUse {
            try? Descriptor.standardError.write("davitd: \(error.problem)\n\(Arguments.help)\n")
            return 64
        } catch let error as AgentError {
            Journal.send("\(error)", .error)
            return error.code == .configInvalid ? 78 : 1
        } catch {
            Journal.send("the agent could not go on: \(error)", .error)
            return 1
        }
    }

    private static func say(_ text: String) { try? Descriptor.standardOutput.write(text + "\n") }

    /// Runs the loop until a signal or systemd ends it.
    private static func serve(_ arguments: Arguments) throws {
        let configuration = try Configuration.load(arguments.configuration, isNamed: arguments.isNamed)
        let notices = DriverNotices()
        let drivers = Agent.loadDrivers(configuration, notices)
        let outcome = Outcome()
        Loop.onStart {
            Task { @Loop in
                let agent = Agent(configuration, file: arguments.configuration, drivers: drivers, notices: notices)
                do { try await agent.serve() } catch { outcome.error = error }
                EventLoop.main.stop()
            }
        }
        try EventLoop.main.run()
        if let error = outcome.error { throw error }
    }

    /// Carries the error from the agent's task to `main`.
    ///
    /// `@unchecked Sendable`: written on the loop, read after the loop has ended, on the same thread.
    private final class Outcome: @unchecked Sendable {
        var error: (any Error)?
    }
}
