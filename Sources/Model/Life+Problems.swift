extension HealthSpec {
    /// What can't be; `nil` when all can.
    var problem: String? {
        let seconds = 0.05...86400.0
        let problems: [(Bool, String)] = [
            (probe == .command && (command ?? []).isEmpty, "health.command is needed for a probe by command"),
            (command?.first == "", "health.command: the program's name is empty"),
            (
                [.tcp, .http].contains(probe) && !(1...65535).contains(port ?? 0),
                "health.port is 1 to 65535, and needed for a probe by tcp or http"
            ),
            (
                [.unix, .file].contains(probe) && !(path ?? "").hasPrefix("/"),
                "health.path starts with /, and is needed for a probe by unix or file"
            ),
            (probe == .http && !(path ?? "/").isRequestPath, "health.path is a path of visible ASCII letters"),
            (interval.map { !seconds.contains($0) } ?? false, "health.interval is 0.05 to 86400 seconds"),
            (timeout.map { !seconds.contains($0) } ?? false, "health.timeout is 0.05 to 86400 seconds"),
            (startPeriod.map { !(0...86400).contains($0) } ?? false, "health.start_period is 0 to 86400 seconds"),
            (retries.map { !(1...1000).contains($0) } ?? false, "health.retries is 1 to 1000"),
        ]
        return problems.first { $0.0 }?.1
    }
}

extension NotifySpec {
    var problem: String? {
        guard let watchdog, !(0.1...86400).contains(watchdog) else { return nil }
        return "notify.watchdog is 0.1 to 86400 seconds"
    }
}

extension CredentialSpec {
    /// At most so many bytes each, and so many of them.
    public static let sizeLimit = 1 << 20
    public static let countLimit = 64

    var problem: String? {
        if !name.isFileName {
            return "credentials: a name is a file name of 1 to 255 letters, digits and _ . - characters"
        }
        guard let source, !source.hasPrefix("/") || source.utf8.contains(0) else { return nil }
        return "credentials: source is an absolute path on the agent's host"
    }

    static func problem(of all: [CredentialSpec]) -> String? {
        if all.count > countLimit { return "credentials: \(countLimit) at most" }
        if Set(all.map(\.name)).count < all.count { return "credentials: two have the same name" }
        return all.lazy.compactMap(\.problem).first
    }
}

extension ContainerSpec {
    /// What can't be in the words of a container's life.
    var lifeProblem: String? {
        health?.problem ?? notify?.problem ?? credentials.flatMap(CredentialSpec.problem)
            ?? listen.flatMap(ListenSpec.problem) ?? restartProblem ?? dependsOn?.lazy.compactMap(\.problem).first
    }

    private var restartProblem: String? {
        guard let restart, restart.name != .no else { return nil }
        if remove { return "a container that removes itself when it ends can't be restarted: choose remove or restart" }
        return restart.problem
    }
}

extension String {
    /// Nothing that could end the first line of a request.
    fileprivate var isRequestPath: Bool { hasPrefix("/") && utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    fileprivate var isFileName: Bool {
        let known = unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "_.-".unicodeScalars.contains($0)
        }
        return known && (1...255).contains(utf8.count) && self != "." && self != ".."
    }
}

extension RestartPolicy {
    var problem: String? {
        guard let retries else { return nil }
        if name != .onFailure { return "restart.retries is for on-failure alone" }
        return retries < 1 ? "restart.retries is 1 at least; leave it out for any number" : nil
    }
}

extension Dependency {
    var problem: String? { container.isEmpty ? "depends_on: name a container" : nil }
}
