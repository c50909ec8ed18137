internal import Linux
internal import Model

/// Reads the processes of a cgroup and of the groups below it from /proc.
enum ProcessTable {
    static func read(_ group: Cgroup, name: String? = nil) throws(Errno) -> [ContainerProcess] {
        var found = try group.processes().compactMap { process(Int($0), group: name) }
        for child in try group.children() {
            // `main` is where the main process and its children are once there was an exec.
            let inner = try group.existing(child)
            found += try read(inner, name: name ?? (child == "main" ? nil : child))
        }
        return found
    }

    /// `nil` when it has ended meanwhile.
    private static func process(_ pid: Int, group: String?) -> ContainerProcess? {
        guard let directory = try? Directory(path: "/proc/\(pid)"), let stat = text("stat", directory),
            let status = text("status", directory), let end = stat.lastIndex(of: ")")
        else { return nil }
        // From the state on; the name before may hold anything.
        let words = stat[end...].dropFirst(2).split(separator: " ")
        guard words.count > 21 else { return nil }
        let number = { (index: Int) in Int64(words[index]) ?? 0 }
        let fields = Fields(status)
        return ContainerProcess(
            pid: fields["NSpid"].last.flatMap { Int($0) }, hostPID: pid, parent: Int(number(1)),
            user: fields["Uid"].dropFirst().first.flatMap { Int($0) } ?? 0, state: String(words[0]),
            threads: Int(number(17)), memory: (fields["VmRSS"].first.flatMap { Int64($0) } ?? 0) * 1024,
            cpu: (number(11) + number(12)) * 1000 / ticks, startedAt: bootTime + number(19) * (1_000_000_000 / ticks),
            group: group, command: command(directory, stat[..<end]))
    }

    /// The kernel tells times in 1/100 s to programs, whatever it counts in itself (USER_HZ).
    private static let ticks: Int64 = 100

    /// Nanoseconds since 1970.
    private static let bootTime: Int64 = {
        let text = (try? Directory(path: "/proc").open("stat").readAll(limit: 1 << 20)).map {
            String(decoding: $0, as: UTF8.self)
        }
        let line = text?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return (line.flatMap { Int64($0.dropFirst(6)) } ?? 0) * 1_000_000_000
    }()

    private static func command(_ directory: Directory, _ head: Substring) -> [String] {
        let bytes = (try? directory.open("cmdline").readAll(limit: 64 << 10)) ?? []
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let first = words.first, !first.isEmpty else {
            return ["[\(head.drop { $0 != "(" }.dropFirst())]"]
        }
        return words.last == "" ? words.dropLast() : words
    }

    private static func text(_ name: String, _ directory: Directory) -> String? {
        guard let bytes = try? directory.open(name).readAll(limit: 64 << 10) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `Name:\tvalue value` lines.
    private struct Fields {
        private let lines: [Substring]

        init(_ text: String) { lines = text.split(separator: "\n") }

        subscript(_ name: String) -> ArraySlice<Substring> {
            guard let line = lines.first(where: { $0.hasPrefix(name + ":") }) else { return [] }
            return line.split(whereSeparator: \.isWhitespace).dropFirst()
        }
    }
}
