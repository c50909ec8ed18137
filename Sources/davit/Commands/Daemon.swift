import ArgumentParser
import DavitClient
import Wire

struct Daemon: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell the agent what to do with itself.", subcommands: [Reload.self])

    struct Reload: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the configuration again; a wrong one is refused and the old one stays.")

        @OptionGroup var agent: AgentOptions

        func run() throws {
            let result = try agent.connect().call(DaemonReload.self, .init())
            Output.tell(result.restartNeeded.map { "\($0) takes effect at the next start: systemctl restart davitd" })
        }
    }
}
