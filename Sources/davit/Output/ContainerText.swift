import Model
import Wire

extension ContainerInfo {
    /// How it stands, for people: `Up 3 minutes`, `Exited (0) 2 hours ago`.
    func status(now: Int64) -> String {
        switch state.phase {
        case .running: (state.startedAt.map { "Up \(Age(from: $0, to: now))" } ?? "Up") + wellness
        case .exited: exited(now: now)
        case .failed: state.error.map { "Failed (\($0.code.rawValue))" } ?? "Failed"
        case .created, .starting, .stopping, .removing, .paused, .restarting, .waiting:
            state.phase.rawValue.capitalizedFirst
        }
    }

    /// ` (healthy)`, where it is probed; else ` (not ready)` until it says that it is.
    private var wellness: String {
        if let health = state.health { return " (\(health.status.rawValue))" }
        return state.ready == false ? " (not ready)" : ""
    }

    private func exited(now: Int64) -> String {
        guard let exit = state.exit else { return "Exited" }
        return "Exited (\(exit.code)\(exit.oom ? ", out of memory" : "")) \(Age(from: exit.time, to: now)) ago"
    }

    /// The command that was asked for, as one would type it; empty where it is the image's own.
    var commandLine: String {
        ((spec.entrypoint ?? []) + (spec.command ?? [])).map(\.quotedForShell).joined(separator: " ")
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

    /// Quoted where a shell would need it.
    var quotedForShell: String {
        let isPlain = !isEmpty && allSatisfy { $0.isLetter || $0.isNumber || "_-./:=@%+,".contains($0) }
        if isPlain { return self }
        return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// An image reference without the parts that everybody leaves out: `debian:bookworm`.
    var familiarReference: String {
        let registry = ["docker.io/library/", "docker.io/"].first { hasPrefix($0) }
        return String(dropFirst(registry?.count ?? 0))
    }
}
