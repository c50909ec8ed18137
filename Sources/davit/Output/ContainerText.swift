import Model
import Wire

extension ContainerInfo {
    /// How it stands, for people: `Up 3 minutes`, `Exited (0) 2 hours ago`.
    func status(now: Int64) -> String {
        switch state.phase {
        case .running: up(now: now) + wellness
        case .paused: up(now: now) + " (Paused)"
        case .exited: ended("Exited", now: now)
        case .restarting: ended("Restarting", now: now)
        case .failed: state.error.map { "Failed (\($0.code.rawValue))" } ?? "Failed"
        case .created, .starting, .stopping, .removing, .waiting:
            state.phase.rawValue.capitalizedFirst
        }
    }

    /// ` (healthy)`, where it is probed; else ` (not ready)` until it says that it is.
    private var wellness: String {
        if let health = state.health { return " (\(health.status.rawValue))" }
        return state.ready == false ? " (not ready)" : ""
    }

    private func up(now: Int64) -> String { state.startedAt.map { "Up \(Age(from: $0, to: now))" } ?? "Up" }

    private func ended(_ word: String, now: Int64) -> String {
        guard let exit = state.exit else { return word }
        return "\(word) (\(exit.code)\(exit.oom ? ", out of memory" : "")) \(Age(from: exit.time, to: now)) ago"
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

extension ExitRecord {
    /// What somebody who waited for the end should know beside the exit code; `nil` for an end like any other.
    var notice: String? {
        if oom {
            let limit = memory?.limit.map { " at its limit of \($0.asSize)" } ?? ""
            let peak = memory?.peak.map { ", \($0.asSize) at most" } ?? ""
            let whom = reason == .oom ? "the program was killed" : "a process of the container was killed"
            return "\(whom): the container was out of memory\(limit)\(peak)"
        }
        let hit = (limits ?? []).filter { $0 != "memory.high" }
        guard !hit.isEmpty, code != 0 else { return nil }
        return "the container hit a limit: \(hit.joined(separator: ", "))"
    }
}
