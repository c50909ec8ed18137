import Linux
import TestSupport
import Testing

/// The parent of all tests that touch the kernel: one after another, as root.
@Suite(.serialized, .enabled(if: Process.isRoot, "needs root"))
enum KernelTests {}

extension Process {
    static var isRoot: Bool { (try? Directory(path: "/proc/self").status("status").uid) == 0 }

    /// Runs a program of the host to its end.
    static func run(_ path: String, _ arguments: String...) throws -> Linux.ExitStatus? {
        let program = try Directory(path: "/").open(path)
        let child = try spawn(
            executable: program.rawValue, arguments: [path] + arguments, environment: [], descriptors: [])
        return try child.shared().end()
    }
}

/// A directory of a test's own on a real file system, gone with the test.
final class Scratch: Sendable {
    let path: String
    let directory: Directory
    private static let parent = "/tmp"

    init() throws {
        let name = "davit-test-plugins-\(UInt64.random(in: 0 ... .max))"
        let parent = try Directory(path: Self.parent)
        try parent.makeDirectory(name)
        path = "\(Self.parent)/\(name)"
        directory = try parent.directory(name)
    }

    deinit {
        guard let parent = try? Directory(path: Self.parent), let name = path.split(separator: "/").last else { return }
        // A driver's background threads may still be making things in it.
        for _ in 0..<100 {
            if (try? HostileTree(String(name), in: parent).remove()) != nil { return }
        }
    }

    /// A chain of directories of this depth, each in the one before: a depth that no path can name.
    static func makeDeep(_ depth: Int, in directory: Directory) throws {
        var here = directory
        for _ in 0..<depth {
            try here.makeDirectory("d")
            here = try here.directory("d")
        }
    }
}
