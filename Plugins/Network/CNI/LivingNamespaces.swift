import Linux

/// The network namespaces that processes are in.
///
/// A new start of the agent finds that of a container that ran on by the number of its inode: the container has kept it
/// alive all the time, so the number is no other's.
struct LivingNamespaces: Sendable {
    /// A process in each, by the number.
    private let processes: [UInt64: String]

    /// Looks through `/proc` once. What ends meanwhile is left out.
    init() throws(Errno) {
        let root = try Directory(path: "/proc")
        var processes: [UInt64: String] = [:]
        for name in try root.names() where name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard let text = try? root.readLink("\(name)/ns/net"), let number = Self.number(text) else { continue }
            processes[number] = name
        }
        self.processes = processes
    }

    /// Nil: nobody is in it any more.
    subscript(number: Int64) -> Descriptor? {
        guard let number = UInt64(exactly: number), let process = processes[number],
            let namespace = try? Directory(path: "/proc/\(process)/ns").open("net").shared(),
            // The process may be another one by now.
            let status = try? namespace.status(), status.inode == number
        else { return nil }
        return namespace
    }

    /// Reads `net:[4026531840]`.
    private static func number(_ text: String) -> UInt64? {
        guard text.hasPrefix("net:["), text.hasSuffix("]") else { return nil }
        return UInt64(text.dropFirst(5).dropLast())
    }
}
