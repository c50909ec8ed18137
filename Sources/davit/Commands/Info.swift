import ArgumentParser
import DavitClient
import JSON
import Wire

struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the agent, its host and what it keeps.")

    @OptionGroup var agent: AgentOptions
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        try reading.show(agent.connect().callRaw(SystemInfo.name), lines: Info.lines)
    }

    static func lines(_ info: SystemInfo.Result) -> [String] {
        let facts = [
            ("Version", info.version), ("Process", String(info.pid)), ("Kernel", "\(info.kernel) \(info.architecture)"),
            ("systemd", info.systemd ? "yes" : "no"), ("Cgroup", info.cgroup),
            ("Limits", info.controllers.isEmpty ? "none" : info.controllers.joined(separator: ", ")),
            ("State", info.stateDirectory), ("Run", info.runDirectory),
            ("Containers", "\(info.containers), \(info.running) running"), ("Images", String(info.images)),
        ]
        return (facts + info.missing.map { ("Missing", $0) }).map { "\($0.0):".padded(to: 12) + $0.1.printable }
    }
}
