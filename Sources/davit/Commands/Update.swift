import ArgumentParser
import DavitClient
import Model
import Wire

struct Update: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change limits of containers, of running ones at once.",
        discussion: "--clear takes a limit away: memory, memory_high, swap, pids, cpus, cpu_weight, cpuset, io, ...")

    @OptionGroup var agent: AgentOptions
    @OptionGroup(title: "Limits") var limits: LimitValues
    @Option(help: ArgumentHelp("Take a limit away; may be given again.", valueName: "limit"))
    var clear: [String] = []
    @Option(help: ArgumentHelp("no, on-failure[:times], always, unless-stopped.", valueName: "policy"))
    var restart: String?
    @Argument(help: "Ids, beginnings of ids, or names.")
    var containers: [String]

    func run() throws {
        let limits = try limits.limits
        let policy = try restart.map(RestartPolicy.init(argument:))
        guard limits != Limits() || !clear.isEmpty || policy != nil else {
            throw ValidationError("name a limit to change, such as --memory 64m")
        }
        try agent.connect().each(ContainerUpdate.self, of: containers) {
            .init(container: $0, limits: limits, clear: clear.isEmpty ? nil : clear, restart: policy)
        }
    }
}

extension RestartPolicy {
    /// As docker has it: `no`, `on-failure`, `on-failure:3`, `always`, `unless-stopped`.
    init(argument text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let retries = parts.count > 1 ? Int(parts[1]) : nil
        guard let name = Name(rawValue: parts[0]), parts.count == 1 || (name == .onFailure && (retries ?? 0) > 0) else {
            throw ValidationError("\"\(text)\" is no restart policy: no, on-failure[:times], always, unless-stopped")
        }
        self.init(name, retries: retries)
    }
}
