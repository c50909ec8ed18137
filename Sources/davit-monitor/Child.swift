internal import CLinux
internal import LaunchPlanEmbedded

/// The first process of the container, from its birth to its program.
struct Child {
    let plan: LaunchPlan
    let handshake: Handshake
    /// The new root directory, by descriptor; before ``LaunchStep/attachRoot(_:at:)`` the root we have.
    var root: NewRoot
    /// Descriptors that the program shall have, and their numbers there.
    private var passed: [(descriptor: Int32, number: Int32)] = []
    private var hasTerminal = false

    private init(_ plan: LaunchPlan, _ handshake: Handshake, _ root: NewRoot) {
        self.plan = plan
        self.handshake = handshake
        self.root = root
    }

    /// Carries out the steps in order. Never returns: it becomes the program, or reports the step that failed.
    static func live(_ plan: LaunchPlan, _ streams: Streams, _ handshake: Handshake) -> Never {
        var step = -1
        do throws(Failure) {
            davit_ignore_signals(false)
            guard handshake.waitForGo() else { davit_exit(127) }
            try streams.place()
            try check(davit_new_session())
            try join(plan)
            var child = Child(plan, handshake, try NewRoot.current())
            for (number, action) in plan.steps.enumerated() {
                step = number
                if action.isOfTheProgram { try child.openTerminal() }
                try child.perform(action)
            }
            throw Failure(number: Failure.invalid)
        } catch {
            handshake.tell(Failure(number: error.number, step: step))
            davit_exit(127)
        }
    }

    /// In one call: each namespace is checked against the user namespace that is entered with it. The root and the
    /// working directory are the container's afterwards.
    private static func join(_ plan: LaunchPlan) throws(Failure) {
        guard let join = plan.join else { return }
        let others = join.namespaces.subtracting(.pid)
        guard !others.isEmpty else { return }
        try check(davit_join(Descriptors.ofPlan(join.process), others.rawValue))
    }

    private mutating func perform(_ step: LaunchStep) throws(Failure) {
        switch step {
        case .loopbackUp: try check(davit_loopback_up())
        case .joinNetwork, .resourceLimit, .oomScore: break  // The parent did it.
        case .becomeRoot: try check(davit_become(0, 0, nil, 0))
        case .privateMounts: try root.makePrivate()
        case .attachRoot(let index, let path): root = try NewRoot(Descriptors.ofPlan(index), at: path)
        case .mount(let type, let source, let target, let flags, let data):
            try root.mount(type, source, target, flags, data)
        case .bind(let source, let target, let recursive, let flags):
            try root.bind(source, target, recursive: recursive, flags)
        case .device(let name): try root.bind(.path("/dev/" + name), "/dev/" + name, recursive: false, [])
        case .symlink(let target, let link): try root.symlink(target, link)
        case .mask(let path): try root.mask(path)
        case .readOnly(let path): try root.protect(path)
        case .propagation(let path, let kind, let recursive): try root.spread(path, kind, recursive: recursive)
        case .sysctl(let name, let value): try root.write(value, to: "/proc/sys/" + name)
        case .landlock(let rules): try Landlock(rules)?.restrict(below: root)
        case .label(let module, let text): try Self.label(module, text)
        case .pass(let index, let number):
            passed.append((Descriptors.ofPlan(index), Int32(truncatingIfNeeded: number)))
        case .pivot: try root.pivot()
        case .readOnlyRoot: try root.makeReadOnly()
        case .hostname(let name): try check(unsafe davit_set_hostname(name, name.utf8.count))
        case .user(let uid, let gid, let groups): try check(unsafe davit_become(uid, gid, groups, groups.count))
        case .capabilities(let bounding, let effective, let ambient):
            try check(davit_set_capabilities(bounding, effective, ambient))
        case .noNewPrivileges: try check(davit_no_new_privileges())
        case .seccomp(let index): try check(davit_seccomp(Descriptors.ofPlan(index)))
        case .workingDirectory(let path): try root.enter(path)
        case .exec(let path, let arguments, let environment):
            let program = Program(path, arguments, environment)
            if plan.initProcess { try becomeInit() }
            try program.run(passing: passed)
        }
    }

    /// Returns in the program's own process; PID 1 stays behind as its init.
    private func becomeInit() throws(Failure) {
        davit_block_signals()
        var pidfd: Int32 = -1
        let pid = try check(unsafe davit_fork(0, -1, &pidfd))
        guard pid == 0 else { davit_be_init(pid) }
        try check(davit_new_group())
        davit_ignore_signals(false)
    }

    /// The program's terminal, of the container's own devpts. While mounts can still be made and owners given.
    private mutating func openTerminal() throws(Failure) {
        guard let terminal = plan.stdio.terminal, !hasTerminal else { return }
        hasTerminal = true
        var (master, slave): (Int32, Int32) = (-1, -1)
        try check(
            unsafe davit_open_terminal(
                root.descriptor, terminal.rows, terminal.columns, plan.programUser, &master, &slave))
        try check(davit_control_terminal(slave))
        if plan.join == nil { try root.show(slave, at: "/dev/console") }
        for number in 0..<Int32(3) { try check(davit_place(slave, number)) }
        try handshake.send(terminal: master)
        for descriptor in [master, slave] where descriptor > 2 { _ = davit_close(descriptor) }
    }

    /// The label of the next exec. The files of /proc/self are the kernel's own: nobody could have mounted here yet.
    private static func label(_ module: LabelModule, _ text: String) throws(Failure) {
        let own = module == .apparmor ? "apparmor/" : ""
        var file = unsafe davit_openat(
            Kernel.workingDirectory, "/proc/thread-self/attr/\(own)exec", Kernel.writeOnly, 0)
        if file == 0 - Failure.noSuchFile {
            file = unsafe davit_openat(Kernel.workingDirectory, "/proc/thread-self/attr/exec", Kernel.writeOnly, 0)
        }
        let bytes = [UInt8]((module == .apparmor ? "exec " + text : text).utf8)
        defer { if file >= 0 { _ = davit_close(file) } }
        try check(file)
        try check(Int32(truncatingIfNeeded: unsafe davit_write(file, bytes, bytes.count)))
    }
}

extension LaunchStep {
    /// Whether it takes away what making a terminal needs.
    fileprivate var isOfTheProgram: Bool {
        switch self {
        case .user, .capabilities, .noNewPrivileges, .seccomp, .landlock, .exec: true
        default: false
        }
    }
}

extension LaunchPlan {
    /// The uid of the program, as the container counts it.
    fileprivate var programUser: UInt32 {
        for case .user(let uid, _, _) in steps { return uid }
        return 0
    }
}
