import Linux
import Model

/// Keeps directory trees to a size, each as a project of its own on the store's file system.
final class Sizes: Sendable {
    /// Far from the small numbers that people give by hand in /etc/projects.
    private static let first: UInt32 = 1 << 30

    private let root: Directory
    private let directories: [Directory]
    /// `nil` until the first size is asked for: most hosts never do.
    private let lastProject = Guarded<UInt32?>(nil)

    /// - Parameter directories: Whose entries' directories may have projects already.
    init(root: Directory, directories: [Directory]) {
        self.root = root
        self.directories = directories
    }

    /// Throws `limit.unavailable` with the reason when this file system keeps no sizes.
    func check() throws(AgentError) {
        do {
            guard try !root.enforcesProjectLimits() else { return }
            throw Self.unavailable("its file system counts projects but does not limit them", [])
        } catch let error as Errno {
            throw Self.unavailable("its file system has no project quotas turned on", ["quotactl_fd: \(error)"])
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError(.hostFailed, "could not look at the quotas", cause: ["\(error)"])
        }
    }

    private static func unavailable(_ reason: String, _ cause: [String]) -> AgentError {
        AgentError(
            .limitUnavailable,
            "a size can't be kept in the storage directory: \(reason); "
                + "mount it with prjquota (ext4 with the features quota and project, or xfs), or ask for no size",
            cause: cause)
    }

    /// Gives empty directories `bytes` together.
    func limit(_ directories: [Directory], to bytes: Int64) throws {
        try check()
        let project = try nextProject()
        try root.limitProject(project, bytes: bytes)
        for directory in directories { try directory.setProject(project) }
    }

    private func nextProject() throws -> UInt32 {
        try lastProject.withLock { last in
            let next = try (last ?? highestProject()) + 1
            last = next
            return next
        }
    }

    /// The highest that a former run gave. What is in the trash keeps its project until it is gone, but is no more than
    /// was allowed.
    private func highestProject() throws -> UInt32 {
        let given = try directories.flatMap { directory in
            try directory.names().flatMap { name in
                ["data", "upper"].compactMap { try? directory.directory("\(name)/\($0)").project() }
            }
        }
        return max(Self.first, given.max() ?? 0)
    }
}
