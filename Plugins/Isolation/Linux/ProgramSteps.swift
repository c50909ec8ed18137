import Drivers
import LaunchPlan
import Model

/// The last steps of a launch, alike for a container's first program and for one more: where, who, with which powers.
struct ProgramSteps {
    let process: ProcessSpec
    let account: Account
    /// Of the descriptor with the compiled system call filter.
    let filterIndex: Int
    /// The most files that this host lets a program open.
    let openFileLimit: UInt64

    var all: [LaunchStep] { surroundings + powers + [program] }

    private var surroundings: [LaunchStep] {
        [
            // Programs that use select() need the old soft limit, those that need more raise it themselves.
            .resourceLimit(resource: 7, soft: min(1024, openFileLimit), hard: openFileLimit),
            // As root, so that a missing directory can be made and the image's owner of it doesn't matter.
            .workingDirectory(process.workingDirectory),
        ]
    }

    private var powers: [LaunchStep] {
        [
            // Before the capabilities: a change of user needs two of them and the kernel takes all away at it.
            .user(uid: account.uid, gid: account.gid, groups: account.groups),
            capabilities,
            .noNewPrivileges,
            // Last but for the program: the filter refuses much of what was done above.
            .seccomp(filterIndex),
        ]
    }

    /// Another user than root gets none, and could only gain them by a set-uid program, which no_new_privs forbids.
    private var capabilities: LaunchStep {
        let bounding = Capability.standard.reduce(0) { $0 | $1.bit }
        return .capabilities(bounding: bounding, effective: account.uid == 0 ? bounding : 0, ambient: 0)
    }

    private var program: LaunchStep {
        .exec(path: process.arguments.first ?? "", arguments: process.arguments, environment: environment)
    }

    private var environment: [String] {
        let defaults = [
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOSTNAME", process.hostname),
            ("HOME", account.home),
        ]
        let missing = defaults.filter { name, _ in !process.environment.contains { $0.hasPrefix(name + "=") } }
        return missing.map { "\($0)=\($1)" } + process.environment
    }
}
