import Linux

/// A root file system with busybox in a directory of its own, removed with the value.
final class Rootfs: Sendable {
    let path: String
    private let parent: Directory
    private let name: String

    init() throws {
        name = "davit-test-\(Process.pid)-\(Clock.monotonic)"
        path = "/tmp/" + name
        parent = try Directory(path: "/tmp")
        try parent.makeDirectory(name)
        let bin = try parent.makeDirectories(name + "/rootfs/bin")
        let busybox = try Directory(path: "/bin").read("busybox", limit: 8 << 20)
        try bin.replaceFile("busybox", busybox, mode: 0o755)
        for applet in ["sh", "true", "cat", "echo", "id", "sleep", "seq", "head", "yes", "dd", "pwd", "ls", "mount"] {
            try bin.symlink("busybox", at: applet)
        }
        try parent.makeDirectory(name + "/run")
        try parent.makeDirectory(name + "/log")
    }

    deinit { try? parent.removeTree(name) }

    var run: Directory { get throws { try Directory(path: path + "/run") } }
    var log: Directory { get throws { try Directory(path: path + "/log") } }
    var root: Directory { get throws { try Directory(path: path + "/rootfs") } }

    /// A detached mount of the root file system, as the storage driver hands over: root's files are the container's.
    func mount() throws -> Descriptor {
        let map = [IDMapping(inside: 0, outside: base, count: 65536)]
        let mount = try Mount.clone(path + "/rootfs")
        try Mount.idMap(mount, through: try UserNamespace.make(uidMap: map, gidMap: map))
        return mount.shared()
    }

    func text(_ file: String) throws -> String {
        String(decoding: try Directory(path: path).read(file, limit: 64 << 20), as: UTF8.self)
    }
}
