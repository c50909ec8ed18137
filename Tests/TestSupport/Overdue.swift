public import Linux

/// A child that did not end in time. It is killed with all that it started, so that a test fails instead of hanging.
public struct Overdue: Error {
    /// How long it was waited for.
    public let seconds: Int32
    /// The processes that were there, a line each: what they are, and what the kernel says they wait for.
    public let processes: String
    /// What was run, and what it said so far.
    public var said = ""
}

extension Pidfd {
    /// How this child ended; throws ``Overdue`` when it has not within so many seconds.
    @discardableResult
    public func end(within seconds: Int32 = 120) throws -> ExitStatus {
        let isOver = try waitExit(milliseconds: seconds * 1000)
        let processes = isOver ? "" : try Command.run(Self.inquest, ["\(number)"], within: 30).output
        guard isOver else {
            // One that the kernel holds does not end even now.
            if try waitExit(milliseconds: 10_000) { _ = try collect() }
            throw Overdue(seconds: seconds, processes: processes)
        }
        guard let status = try collect() else { throw Errno.noChild }
        return status
    }

    /// Its number among the processes.
    var number: Int32 {
        let facts = try? Directory(path: "/proc/self/fdinfo").read(String(descriptor.rawValue), limit: 4096)
        let line = String(decoding: facts ?? [], as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Pid:") }
        return line.flatMap { Int32($0.dropFirst(4).filter { !$0.isWhitespace }) } ?? -1
    }

    /// Tells of a process and its children, and of the agent, which may be what they wait for; then kills the first.
    private static let inquest = """
        tell() { echo "$1 $(tr '\\0' ' ' <"/proc/$1/cmdline") [$(cat /proc/"$1"/task/*/wchan 2>&1)]"; }
        tree() {
            tell "$1"; kill -STOP "$1"
            for child in $(cat "/proc/$1/task/"*/children); do (tree "$child"); done
            kill -KILL "$1"
        }
        for agent in $(pidof davitd davit-monitor davit-image); do tell "$agent"; done
        tree "$1"
        """
}
