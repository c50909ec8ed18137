import JSON
import Linux
import Model

/// The executable of a plugin, held open.
struct PluginProgram: Sendable {
    /// Where it was found.
    let path: String
    let executable: Descriptor
    /// What it is started with, its own name among them.
    let arguments: [String]
    /// Tells one file at a path from another that takes its place.
    let identity: Identity

    struct Identity: Sendable, Hashable {
        let path: String
        let device: UInt64
        let inode: UInt64
        let modified: Int64
    }

    /// The first of this name in the directories. Throws `network.refused`.
    ///
    /// - Parameter type: A file's name, not a path.
    init(_ type: String, in directories: [String]) throws(AgentError) {
        for directory in directories {
            do throws(Errno) {
                try self.init(path: "\(directory)/\(type)")
                return
            } catch {
                guard error == .noSuchFile || error == .notDirectory else {
                    throw AgentError(
                        .networkRefused,
                        "the CNI plugin \(directory)/\(type) can't be opened: is it an executable file?",
                        cause: ["\(error)"])
                }
            }
        }
        throw AgentError(
            .networkRefused,
            "the CNI plugin \(type) is not in \(directories.joined(separator: ", ")): install it there, or set bin_dirs; Debian has many in the package containernetworking-plugins",
            details: ["plugin": .string(type)])
    }

    private init(path: String) throws(Errno) {
        let root = try Directory(path: "/")
        let file = try root.open(path, [.nonblocking, .noTerminal])
        let status = try file.status()
        guard status.kind == .regular, status.mode & 0o111 != 0 else { throw Errno.accessDenied }
        self.path = path
        identity = Identity(path: path, device: status.device, inode: status.inode, modified: status.modified)
        // The kernel would have the interpreter of a script open it by a descriptor that is closed by then.
        guard let interpreter = Self.interpreter(try file.read(upTo: 256)) else {
            executable = file.shared()
            arguments = [path]
            return
        }
        executable = try root.open(interpreter[0], [.nonblocking, .noTerminal]).shared()
        arguments = interpreter + [path]
    }

    /// The words behind `#!`: a path, and the rest as one argument, as the kernel reads them. Nil: it is no script.
    private static func interpreter(_ head: [UInt8]) -> [String]? {
        guard head.starts(with: [0x23, 0x21]), let end = head.firstIndex(of: 0x0A) else { return nil }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let line = head[2..<end].drop(while: isSpace)
        let path = line.prefix { !isSpace($0) }
        guard path.first == 0x2F else { return nil }
        let rest = line.dropFirst(path.count).drop(while: isSpace)
        let argument = rest.reversed().drop(while: isSpace).reversed()
        return ([Array(path)] + (argument.isEmpty ? [] : [Array(argument)])).map { String(decoding: $0, as: UTF8.self) }
    }
}
