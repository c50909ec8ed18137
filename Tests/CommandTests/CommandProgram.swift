import Linux
import TestSupport

/// The built `davit`, run as a process.
struct CommandProgram {
    let status: ExitStatus
    let output: String
    let error: String

    /// Runs it to its end against an agent.
    static func run(
        _ arguments: [String], agent: String = "/tmp/davit-test-nobody.sock", environment: [String] = [],
        input: Int32 = -1
    ) throws -> CommandProgram {
        let running = try Running(arguments, agent: agent, environment: environment, input: input)
        return try running.finish()
    }

    /// One that has not ended yet.
    struct Running {
        let process: Pidfd
        private let output: Descriptor
        private let error: Descriptor

        init(_ arguments: [String], agent: String, environment: [String] = [], input: Int32 = -1) throws {
            output = try UnnamedFile.make()
            error = try UnnamedFile.make()
            // Built beside the test program.
            let products = try Directory(path: "/proc/self").readLink("exe").split(separator: "/").dropLast()
            let program = try Directory(path: products.reduce("") { $0 + "/" + $1 }).open("davit")
            process = try Process.spawn(
                executable: program.rawValue, arguments: ["davit"] + arguments,
                environment: ["DAVIT_SOCKET=\(agent)", "PATH=/usr/bin:/bin"] + environment, descriptors: [],
                standard: [input, output.rawValue, error.rawValue]
            ).shared()
        }

        func finish() throws -> CommandProgram {
            let status = try process.end()
            return CommandProgram(status: status, output: try Running.text(output), error: try Running.text(error))
        }

        private static func text(_ file: Descriptor) throws -> String {
            let again = try Directory(path: "/proc/self/fd").open(String(file.rawValue))
            return String(decoding: try again.readAll(limit: 1 << 24), as: UTF8.self)
        }
    }
}

/// A file of our own without a name.
enum UnnamedFile {
    static func make(_ text: String = "") throws -> Descriptor {
        let temporary = try Directory(path: "/tmp")
        let name = "davit-test-\(Process.pid)-\(UInt64.random(in: 0 ... .max))"
        let file = try temporary.open(name, [.readWrite, .create, .exclusive], mode: 0o600).shared()
        try temporary.remove(name)
        try file.write(text)
        return try Directory(path: "/proc/self/fd").open(String(file.rawValue), .readWrite).shared()
    }
}
