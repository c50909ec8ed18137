internal import CLinux
internal import LaunchPlanEmbedded

/// A mount by descriptor. Nothing is closed: the child becomes the program soon.
struct Mounted {
    private let descriptor: Int32

    /// The mount an open file is on.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A new file system, attached nowhere. `data` is a comma-separated list of `key` or `key=value`.
    init(type: String, source: String, data: String, _ flags: MountFlags) throws(Failure) {
        let context = try check(unsafe davit_fsopen(type))
        defer { _ = davit_close(context) }
        if !source.utf8.isEmpty { try check(unsafe davit_fsconfig(context, 1, "source", source, 0)) }
        for option in data.utf8.split(separator: UInt8(ascii: ",")) {
            try Self.set(context, option)
        }
        try check(davit_fsconfig(context, 6, nil, nil, 0))
        descriptor = try check(davit_fsmount(context, UInt32(truncatingIfNeeded: flags.rawValue)))
    }

    private static func set(_ context: Int32, _ option: Substring.UTF8View) throws(Failure) {
        let parts = option.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let key = String(decoding: parts[0], as: UTF8.self)
        guard parts.count > 1 else {
            try check(unsafe davit_fsconfig(context, 0, key, nil, 0))
            return
        }
        try check(unsafe davit_fsconfig(context, 1, key, String(decoding: parts[1], as: UTF8.self), 0))
    }

    /// A copy of a path of the old root, or the detached mount that came with the plan.
    init(of source: BindSource, recursive: Bool) throws(Failure) {
        switch source {
        case .descriptor(let index): descriptor = Descriptors.ofPlan(index)
        case .path(let path):
            let flags = Kernel.cloneTree | (recursive ? Kernel.recursive : 0)
            descriptor = try check(unsafe davit_open_tree(Kernel.workingDirectory, path, flags))
        }
    }

    /// A copy of what an open file names, with all mounts below.
    init(cloneOf file: Int32) throws(Failure) {
        let flags = Kernel.cloneTree | Kernel.emptyPath | Kernel.recursive
        descriptor = try check(unsafe davit_open_tree(file, "", flags))
    }

    func isDirectory() throws(Failure) -> Bool {
        var status = davit_status()
        try check(unsafe davit_fstatat(descriptor, "", Int32(Kernel.emptyPath), &status))
        return status.mode >> 12 == 4
    }

    func attach(on place: Int32) throws(Failure) {
        try check(unsafe davit_move_mount(descriptor, "", place, "", Kernel.fromEmptyPath | Kernel.toEmptyPath))
    }

    func set(_ flags: MountFlags, recursive: Bool) throws(Failure) {
        let how = Kernel.emptyPath | (recursive ? Kernel.recursive : 0)
        try check(unsafe davit_mount_setattr(descriptor, "", how, flags.rawValue, 0, 0, -1))
    }
}
