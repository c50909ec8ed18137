internal import CLinux
internal import LaunchPlanEmbedded

/// The first process of the container, from its birth to its program.
struct Child {
    /// The new root directory, by descriptor; before ``LaunchStep/attachRoot(_:at:)`` the root we have.
    var root: NewRoot

    /// Carries out the steps in order. Never returns: it becomes the program, or reports the step that failed.
    static func live(_ plan: LaunchPlan, _ streams: Streams, _ handshake: Handshake) -> Never {
        var step = -1
        do throws(Failure) {
            davit_ignore_signals(false)
            guard handshake.waitForGo() else { davit_exit(127) }
            try streams.place()
            try check(davit_new_session())
            var child = Child(root: try NewRoot.current())
            for (number, action) in plan.steps.enumerated() {
                step = number
                try child.perform(action)
            }
            throw Failure(number: Failure.invalid)
        } catch {
            handshake.tell(Failure(number: error.number, step: step))
            davit_exit(127)
        }
    }

    private mutating func perform(_ step: LaunchStep) throws(Failure) {
        switch step {
        case .loopbackUp: try check(davit_loopback_up())
        case .joinNetwork, .resourceLimit: break  // The parent did it.
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
        case .propagation, .sysctl, .oomScore, .landlock, .label, .pass: throw Failure(number: Failure.notImplemented)
        case .pivot: try root.pivot()
        case .readOnlyRoot: try root.makeReadOnly()
        case .hostname(let name): try check(unsafe davit_set_hostname(name, name.utf8.count))
        case .user(let uid, let gid, let groups): try check(unsafe davit_become(uid, gid, groups, groups.count))
        case .capabilities(let bounding, let effective, let ambient):
            try check(davit_set_capabilities(bounding, effective, ambient))
        case .noNewPrivileges: try check(davit_no_new_privileges())
        case .seccomp(let index): try check(davit_seccomp(Descriptors.ofPlan(index)))
        case .workingDirectory(let path): try root.enter(path)
        case .exec(let path, let arguments, let environment): try Program(path, arguments, environment).run()
        }
    }
}
