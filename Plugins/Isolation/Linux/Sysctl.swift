import Model

/// A setting below /proc/sys that belongs to a container's own namespaces.
struct Sysctl {
    /// With slashes, below /proc/sys.
    let path: String
    let value: String

    private static let ownIPC: Set = [
        "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
        "kernel/shmmni", "kernel/shm_rmid_forced",
    ]

    /// `name` as sysctl(8) takes it: parts divided by dots or by slashes, whichever comes first, and the other one stands
    /// for itself, as in `net.ipv4.conf.eth0/1.forwarding`.
    ///
    /// Throws `security.refused` for one that is the host's.
    init(_ name: String, _ value: String, ownsNetwork: Bool) throws(AgentError) {
        let usesDots = name.first { $0 == "." || $0 == "/" } == "."
        path = usesDots ? String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 }) : name
        self.value = value
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !value.utf8.contains(0)
        else { throw AgentError(.securityRefused, "\"\(name)\" is no name below /proc/sys") }
        let isNetwork = path.hasPrefix("net/")
        guard isNetwork || path.hasPrefix("fs/mqueue/") || Self.ownIPC.contains(path) else {
            throw AgentError(
                .securityRefused,
                "\(name) is a setting of the whole host: a container has kernel.msg*, kernel.sem, kernel.shm*, fs.mqueue.* "
                    + "and, in a network of its own, net.*")
        }
        guard !isNetwork || ownsNetwork else {
            throw AgentError(
                .securityRefused, "\(name) would change the host's network, which this container shares: set it there")
        }
    }
}
