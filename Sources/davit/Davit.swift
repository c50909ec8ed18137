import ArgumentParser
import JSON
import Linux
import Model

/// The command line client.
@main
struct Davit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "davit",
        abstract: "Run containers with the Davit agent.",
        version: "davit \(version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Containers",
                subcommands: [
                    Run.self, Exec.self, Attach.self, Create.self, Start.self, Stop.self, Kill.self, Wait.self, Rm.self,
                    Ps.self, Logs.self,
                    Restart.self, PauseContainers.self, Unpause.self, Rename.self,
                    Update.self, Stats.self, Top.self, Port.self, Cp.self, Diff.self, Export.self,
                ]),
            CommandGroup(name: "Images", subcommands: [Images.self, Load.self, Tag.self, Rmi.self, Commit.self]),
            CommandGroup(
                name: "Volumes and networks", subcommands: [Volume.self, Network.self, Service.self, Policy.self]),
            CommandGroup(
                name: "Agent",
                subcommands: [
                    Inspect.self, Explain.self, Drivers.self, Events.self, Info.self, Daemon.self, Call.self,
                    Schema.self,
                    Version.self,
                ]),
        ])

    /// The release that this client is from.
    static let version = "0.1.0"

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exit(withError: report(error, isRun: ["run", "exec"].contains(CommandLine.arguments.dropFirst().first)))
        }
    }

    /// Tells the error on standard error and answers what to end with: 1, and for `run` 125, 126 or 127.
    private static func report(_ error: any Error, isRun: Bool) -> ExitCode {
        switch error {
        case let code as ExitCode: code
        case let error as AgentError: tell(error, isRun)
        case let error as JSONError:
            tell(AgentError(.requestInvalid, "that is not the JSON it should be", error), isRun)
        case let error as Errno: tell(AgentError(.hostFailed, "a system call failed", error), isRun)
        default: usage(error, isRun)
        }
    }

    private static func tell(_ error: AgentError, _ isRun: Bool) -> ExitCode {
        let report = ErrorReport(error: error)
        for line in report.lines { Output.complain(line) }
        return ExitCode(isRun ? report.runCode : 1)
    }

    private static func usage(_ error: any Error, _ isRun: Bool) -> ExitCode {
        guard !exitCode(for: error).isSuccess else {
            var output = Output()
            output.line(fullMessage(for: error))
            output.flush()
            return .success
        }
        Output.complain("davit: " + fullMessage(for: error).droppingPrefix("Error: "))
        return ExitCode(isRun ? 125 : 1)
    }
}

extension AgentError {
    fileprivate init(_ code: ErrorCode, _ message: String, _ reason: any Error) {
        self = AgentError(code, message).caused(by: reason)
    }
}

extension String {
    fileprivate func droppingPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
