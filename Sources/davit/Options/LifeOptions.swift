import ArgumentParser
import Model

/// What `run` and `create` say of a container's restart, health, dependencies, credentials.
struct LifeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Start it again when it ends: no, on-failure[:times], always, unless-stopped.", valueName: "policy"),
        completion: .list(RestartPolicy.Name.allCases.map(\.rawValue)), transform: RestartPolicy.init(option:))
    var restart: RestartPolicy?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Start another container first, and wait until it is started, ready or healthy.",
            valueName: "container[:condition]"), transform: Dependency.init(option:))
    var dependsOn: [Dependency] = []

    @Option(help: ArgumentHelp("What asks the program to end (default: the image's, or TERM).", valueName: "signal"))
    var stopSignal: String?

    func apply(to spec: inout ContainerSpec) throws {
        spec.restart = restart
        spec.dependsOn = dependsOn.isEmpty ? nil : dependsOn
        spec.stopSignal = stopSignal
    }
}

extension RestartPolicy {
    /// `always`, or `on-failure:3`.
    init(option text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = Name(rawValue: String(parts[0])) else {
            let known = Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(text)\" is no restart policy: use one of \(known)")
        }
        self.init(name)
        guard parts.count == 2 else { return }
        guard name == .onFailure, let count = Int(parts[1]), count > 0 else {
            throw ValidationError("\"\(text)\": only on-failure takes a number, 1 at least, as on-failure:3")
        }
        retries = count
    }
}

extension Dependency {
    /// `db`, or `db:healthy`.
    init(option text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(container: String(parts[0]))
        guard parts.count == 2 else { return }
        guard let condition = Condition(rawValue: String(parts[1])) else {
            let known = Condition.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(parts[1])\" is no condition: use one of \(known)")
        }
        self.condition = condition
    }
}
