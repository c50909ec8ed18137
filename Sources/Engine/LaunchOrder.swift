internal import LaunchPlan
internal import Linux
internal import Model

extension LaunchOrder {
    /// Adds a descriptor and answers its number in the plan.
    mutating func add(_ descriptor: Descriptor) -> Int {
        descriptors.append(descriptor)
        return descriptors.count - 1
    }

    private mutating func add(_ descriptor: Descriptor?) -> Int? {
        guard let descriptor else { return nil }
        return add(descriptor)
    }

    /// The streams of a container's main process: always relayed, so that its output is logged.
    mutating func connect(_ stdio: ContainerStdio, to container: Container) -> Stdio {
        let spec = container.record.spec
        var streams = connect(stdio, owner: container.record.ids)
        if stdio.stdin == nil, spec.interactive, spec.terminal != true { streams.input = .open }
        if spec.terminal == true { streams.terminal = Terminal(stdio.terminal ?? .standard) }
        return streams
    }

    /// The streams of an exec, which has no log: where nobody listens there is no pipe.
    mutating func connect(_ stdio: ContainerStdio, terminal: TerminalSize?, owner ids: IDRange?) -> Stdio {
        var streams = connect(stdio, owner: ids)
        if let terminal {
            streams.terminal = Terminal(terminal)
        } else {
            if stdio.stdout == nil { streams.output = .null }
            if stdio.stderr == nil { streams.error = .null }
        }
        return streams
    }

    /// Standard input is the caller's own; output always goes through the monitor's pipes, which belong to the container's
    /// user, so that a program may open /dev/stdout inside its user namespace.
    private mutating func connect(_ stdio: ContainerStdio, owner ids: IDRange?) -> Stdio {
        let user = plan.user
        let base = ids?.base ?? 0
        // The driver's number may be any.
        let owner = Stdio.Owner(uid: base &+ user.uid, gid: base &+ user.gid)
        let input = add(stdio.stdin)
        return Stdio(
            input: input.map { .descriptor($0) } ?? .null, output: .relay(copyTo: add(stdio.stdout)),
            error: .relay(copyTo: add(stdio.stderr)), owner: owner)
    }
}

extension Terminal {
    fileprivate init(_ size: TerminalSize) { self.init(rows: size.rows, columns: size.columns) }
}

extension LaunchPlan {
    /// The ids, as the container counts them, under which the program will run.
    var user: (uid: UInt32, gid: UInt32) {
        for case .user(let uid, let gid, _) in steps { return (uid, gid) }
        return (0, 0)
    }
}

extension AgentError {
    /// What failed is told by the step itself, so the message is as exact as the plan.
    init(launchStep index: Int, of steps: [LaunchStep], errno: Errno) {
        guard steps.indices.contains(index) else {
            self.init(.containerLaunchFailed, "the launch failed before its first step: \(errno)")
            return
        }
        let step = steps[index]
        guard case .exec(let path, _, _) = step else {
            let words = step.fields.joined(separator: " ")
            self.init(
                .containerLaunchFailed, "step \(index) of the launch failed: \(words): \(errno)", cause: ["\(errno)"])
            return
        }
        switch errno {
        case .noSuchFile:
            self.init(
                .containerCommandNotFound,
                "there is no program \"\(path)\" in the image: check the command and its PATH",
                cause: ["execve: \(errno)"])
        default:
            self.init(
                .containerCommandNotExecutable,
                "the program \"\(path)\" can't be executed: check its mode, its interpreter and its architecture",
                cause: ["execve: \(errno)"])
        }
    }
}
