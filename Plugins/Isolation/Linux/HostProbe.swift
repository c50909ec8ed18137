import Drivers
import Linux

/// What this host offers, read from /proc and /sys.
enum HostProbe {
    /// A thing to look for, what its absence costs, and what follows from that.
    private struct Probe: Sendable {
        let weight: Int
        let consequence: String
        let isThere: @Sendable () -> Bool
    }

    private static let probes = [
        Probe(weight: 35, consequence: "no user namespaces: containers can't be separated from the host's users") {
            number(in: "sys/user/max_user_namespaces") ?? 0 > 0
        },
        Probe(weight: 20, consequence: "no seccomp filters: containers may make every system call") {
            text("sys/kernel/seccomp/actions_avail")?.split(separator: " ").contains("errno") ?? false
        },
        Probe(weight: 5, consequence: "no Landlock: the wall behind seccomp against mounts and devices is missing") {
            Landlock.version > 0
        },
        Probe(weight: 10, consequence: "kernel older than 6.1: id-mapped overlays may fail") { kernelIsRecent },
        Probe(weight: 10, consequence: "no cgroup2: containers can't be killed as a group") { controllers != nil },
        Probe(weight: 10, consequence: "no memory controller in cgroup2: --memory is refused") {
            controllers?.contains("memory") ?? false
        },
        Probe(weight: 5, consequence: "no pids controller in cgroup2: --pids is refused") {
            controllers?.contains("pids") ?? false
        },
        Probe(weight: 5, consequence: "no cpu controller in cgroup2: --cpus is refused") {
            controllers?.contains("cpu") ?? false
        },
    ]

    static func check() -> HostCheck {
        let absent = probes.filter { !$0.isThere() }
        return HostCheck(score: 100 - absent.reduce(0) { $0 + $1.weight }, missing: absent.map(\.consequence))
    }

    /// Whether there is something at an absolute path.
    static func isThere(_ path: String) -> Bool { (try? Directory(path: "/").open(path, .path)) != nil }

    /// A line of /proc/self/status.
    static func statusField(_ name: String) -> String? {
        let line = text("self/status")?.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line?.split(whereSeparator: \.isWhitespace).last.map(String.init)
    }

    private static var kernelIsRecent: Bool {
        KernelVersion(text("sys/kernel/osrelease") ?? "") >= KernelVersion("6.1")
    }

    /// The controllers of the cgroup2 tree, also where it lies beside an older one.
    private static var controllers: Set<String>? {
        let places = ["fs/cgroup/cgroup.controllers", "fs/cgroup/unified/cgroup.controllers"]
        let found = places.lazy.compactMap { text($0, below: "/sys") }.first
        return found.map { Set($0.split(whereSeparator: \.isWhitespace).map(String.init)) }
    }

    static func number(in name: String) -> Int? {
        text(name).flatMap { Int($0.split(whereSeparator: \.isWhitespace).first ?? "") }
    }

    static func text(_ name: String, below root: String = "/proc") -> String? {
        guard let bytes = try? Directory(path: root).read(name, limit: 65536) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
