import Drivers
import LaunchPlan
import Model

/// The last steps of a launch, alike for a container's first program and for one more: where, who, with which powers.
struct ProgramSteps {
    let process: ProcessSpec
    let account: Account
    let walls: Walls
    /// Of the descriptor with the compiled system call filter, where there is one.
    let filterIndex: Int?
    /// The number of the program in its PID namespace, where it is known before.
    var ownNumber: Int?
    /// Of the sockets to hand to it as descriptors 3 and following.
    var listeners: Range<Int> = 0..<0

    var all: [LaunchStep] { surroundings + (walls.noNewPrivileges ? confined : gaining) + [program] }

    private var surroundings: [LaunchStep] {
        walls.limits.steps + (walls.oomScore.map { [.oomScore($0)] } ?? []) + [
            // As root, so that a missing directory can be made and the image's owner of it doesn't matter.
            .workingDirectory(process.workingDirectory)
        ] + listeners.enumerated().map { .pass($1, at: 3 + $0) }
            // Before Landlock, which may forbid to write the label.
            + (walls.label.map { [.label($0.module, $0.text)] } ?? [])
            // Before the change of user, who may not reach the paths of the rules.
            + (walls.landlock.map { [.landlock($0)] } ?? [])
    }

    private var confined: [LaunchStep] {
        // The filter last but for the program: it refuses much of what was done above.
        identity + [.noNewPrivileges] + filter
    }

    /// Without no_new_privs only root of the user namespace may load a filter.
    private var gaining: [LaunchStep] { filter + identity }

    private var filter: [LaunchStep] { filterIndex.map { [.seccomp($0)] } ?? [] }

    private var identity: [LaunchStep] {
        [
            // Before the capabilities: a change of user needs two of them and the kernel takes all away at it.
            .user(uid: account.uid, gid: account.gid, groups: account.groups),
            capabilities,
        ]
    }

    /// Another user than root gets none, and could only gain them by a set-uid program, which no_new_privs forbids.
    private var capabilities: LaunchStep {
        let bounding = walls.capabilities.rawValue
        return .capabilities(bounding: bounding, effective: account.uid == 0 ? bounding : 0, ambient: 0)
    }

    private var program: LaunchStep {
        .exec(path: process.arguments.first ?? "", arguments: process.arguments, environment: environment)
    }

    private var environment: [String] {
        var defaults = [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOSTNAME", process.hostname),
            ("HOME", account.home),
        ]
        if !listeners.isEmpty { defaults.append(("LISTEN_FDS", "\(listeners.count)")) }
        if !listeners.isEmpty, let ownNumber { defaults.append(("LISTEN_PID", "\(ownNumber)")) }
        let missing = defaults.filter { name, _ in !process.environment.contains { $0.hasPrefix(name + "=") } }
        return missing.map { "\($0)=\($1)" } + process.environment
    }
}
