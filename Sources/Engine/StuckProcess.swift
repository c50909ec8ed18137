internal import JSON
internal import Linux
internal import Model

/// A process that SIGKILL did not end: it waits in the kernel for something that does not come.
struct StuckProcess: Hashable {
    var pid: Int32
    var name: String
    /// A letter and its meaning, such as `D (disk sleep)`.
    var state: String
    /// The kernel function that it waits in; empty when the kernel does not tell.
    var place: String
    /// The kernel's stack, innermost first.
    var stack: [String]

    /// Reads what `/proc` tells of a process; `nil` when it is gone.
    init?(pid: Int32, proc: Directory) {
        guard let directory = try? proc.directory("\(pid)"),
            let status = Self.lines(of: "status", in: directory), !status.isEmpty
        else { return nil }
        self.pid = pid
        name = Self.value("Name", in: status)
        state = Self.value("State", in: status)
        place = Self.lines(of: "wchan", in: directory)?.first ?? ""
        if place == "0" { place = "" }
        // Lines such as `[<0>] percpu_rwsem_wait+0x11d/0x140`.
        stack = (Self.lines(of: "stack", in: directory) ?? []).prefix(8).map {
            String($0.split(separator: " ").last ?? "")
        }
    }

    private static func lines(of file: String, in directory: Directory) -> [String]? {
        guard let bytes = try? directory.open(file).readAll(limit: 64 << 10) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func value(_ key: String, in lines: [String]) -> String {
        let line = lines.first { $0.hasPrefix(key + ":") } ?? ""
        return line.dropFirst(key.count + 1).split(whereSeparator: { $0 == "\t" || $0 == " " }).joined(separator: " ")
    }

    /// All of a group and the groups below it, at most a hundred.
    static func all(in group: Cgroup, proc: Directory) -> [StuckProcess] {
        var found: [StuckProcess] = []
        var groups = [group]
        while let next = groups.popLast(), found.count < 100 {
            found += ((try? next.processes()) ?? []).compactMap { StuckProcess(pid: $0, proc: proc) }
            groups += ((try? next.children()) ?? []).compactMap { try? next.existing($0) }
        }
        return Array(found.prefix(100))
    }

    static func story(of group: Cgroup?) -> AgentError {
        let found = group.flatMap { group in
            (try? Directory(path: "/proc")).map { all(in: group, proc: $0) }
        }
        return story(of: found ?? [])
    }

    static func story(of processes: [StuckProcess]) -> AgentError {
        AgentError(
            .containerNotStopped,
            "the container was killed, but a process of it does not end: most often it waits for a device or a network"
                + " file system that does not answer; bring that back, or restart the host. The container is cleaned"
                + " up as soon as the process is gone",
            retryable: true, details: ["processes": .array(processes.map(\.value))],
            cause: processes.prefix(10).map(\.sentence))
    }

    private var value: JSONValue {
        [
            "pid": .int(Int64(pid)), "name": .string(name), "state": .string(state), "waits_in": .string(place),
            "stack": .array(stack.map { .string($0) }),
        ]
    }

    private var sentence: String {
        let places = [place].filter { !$0.isEmpty } + stack
        return "process \(pid) (\(name)) is in state \(state)"
            + (places.isEmpty ? "" : ", in the kernel at " + places.joined(separator: " < "))
    }
}
