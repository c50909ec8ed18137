internal import Linux
internal import Model

/// Where cgroup v2 is on this host, and where in it this process is.
struct CgroupMount {
    /// `/sys/fs/cgroup`, or `/sys/fs/cgroup/unified` on a hybrid host.
    let path: String
    /// This process's own group below it: empty for the root, else `/...`.
    let own: String

    static func current() throws -> CgroupMount {
        let process = try Directory(path: "/proc/self")
        let mounts = String(decoding: try process.read("mountinfo", limit: 16 << 20), as: UTF8.self)
        let groups = String(decoding: try process.read("cgroup", limit: 1 << 20), as: UTF8.self)
        guard let path = mountPoint(in: mounts), let own = own(in: groups) else {
            throw AgentError(
                .hostUnsupported, "there is no cgroup v2 on this host: mount cgroup2, or boot with systemd")
        }
        return CgroupMount(path: path, own: own)
    }

    /// proc(5): the fifth field of a line is the mount point; the type is the first field behind ` - `.
    static func mountPoint(in mountinfo: String) -> String? {
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 1, fields[dash + 1] == "cgroup2" else {
                continue
            }
            return String(fields[4])
        }
        return nil
    }

    /// cgroups(7): the line of v2 begins with `0::`.
    static func own(in cgroup: String) -> String? {
        for line in cgroup.split(separator: "\n") where line.hasPrefix("0::") {
            let path = line.dropFirst(3)
            return path == "/" ? "" : String(path)
        }
        return nil
    }
}
