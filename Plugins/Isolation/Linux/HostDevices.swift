import Linux
import Model

/// Every device of the host, for a privileged container: nodes of its own, so that one it removes is not the host's.
enum HostDevices {
    /// Terminals and message queues: the container has its own.
    private static let own: Set = [
        "pts", "shm", "mqueue", "ptmx", "console", "fd", "stdin", "stdout", "stderr", "core",
    ]
    /// Deeper there is nothing but links to devices above.
    private static let depth = 4

    /// A /dev with them, attached nowhere. Its nodes are the root's of `ids`. Throws `host.failed`.
    static func tree(ids: IDRange?) throws(AgentError) -> Descriptor {
        do {
            let context = try FileSystemContext("tmpfs")
            try context.set("mode", "755")
            try context.set("size", "65536k")
            let mount = try context.mount([.noSetUID]).shared()
            let owner = ids?.base ?? 0
            let tree = Directory(mount)
            try tree.changeOwner(".", uid: owner, gid: owner)
            try copy(Directory(path: "/dev"), to: tree, ids, depth: depth)
            return mount
        } catch {
            throw AgentError(.hostFailed, "the host's devices could not be taken for a privileged container").caused(
                by: error)
        }
    }

    private static func copy(_ from: Directory, to: Directory, _ ids: IDRange?, depth: Int) throws(Errno) {
        for name in try from.names().sorted() where !own.contains(name) {
            // It may go while we look.
            guard let status = try from.statusIfPresent(name) else { continue }
            switch status.kind {
            case .characterDevice, .blockDevice:
                try to.makeNode(name, status.node, isBlock: status.kind == .blockDevice, mode: status.mode)
                try to.changeOwner(name, uid: id(status.uid, ids), gid: id(status.gid, ids))
            case .directory where depth > 1:
                try to.makeDirectory(name)
                try to.changeOwner(name, uid: id(0, ids), gid: id(0, ids))
                try copy(
                    from.directory(name, resolve: [.beneath, .noSymlinks]), to: to.directory(name), ids,
                    depth: depth - 1)
            case .symbolicLink: try to.symlink(from.readLink(name), at: name)
            default: continue
            }
        }
    }

    /// One that the container has no number for is its root's.
    private static func id(_ id: UInt32, _ ids: IDRange?) -> UInt32 {
        guard let ids else { return id }
        return ids.base + (id < ids.count ? id : 0)
    }
}
