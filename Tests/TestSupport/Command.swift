public import Linux

/// A shell script that ran, and all it said.
public struct Command: Sendable {
    public let status: ExitStatus
    public let output: String
    public let error: String

    /// Whether it ended with 0.
    public var succeeded: Bool { status == .exited(0) }

    /// Runs `script` with `sh`; `arguments` are its `$1`, `$2`, ... Blocks until it ended; throws ``Overdue`` when it
    /// does not end `within` so many seconds.
    public static func run(
        _ script: String, _ arguments: [String] = [], within seconds: Int32 = 120
    ) throws -> Command {
        let output = try Capture()
        let error = try Capture()
        let child = try start(script, arguments, output: output, error: error)
        do {
            return Command(
                status: try child.end(within: seconds), output: try output.text(), error: try error.text())
        } catch var overdue as Overdue {
            overdue.said = "\(script) \(arguments)\n\(try output.text())\(try error.text())"
            throw overdue
        }
    }

    /// Starts `script` with `sh` and returns at once.
    public static func start(_ script: String, _ arguments: [String], output: Capture, error: Capture) throws -> Pidfd {
        let shell = try Directory(path: "/bin").open("sh")
        return try Process.spawn(
            executable: shell.rawValue, arguments: ["sh", "-c", script, "sh"] + arguments,
            environment: ["PATH=\(path)", "HOME=/root", "LC_ALL=C.UTF-8"], descriptors: [],
            standard: [-1, output.rawValue, error.rawValue]
        ).shared()
    }

    /// Sleeps: nothing comes out of a pipe whose other end is held.
    public static func pause(milliseconds: Int32) throws {
        let ends = try Pipe().ends()
        _ = try ends.reader.waitReadable(milliseconds: milliseconds)
        withExtendedLifetime(ends.writer) {}
    }

    static let path = "/opt/swift/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

/// A file without a name that a child writes to.
public struct Capture: Sendable {
    private let file: Descriptor
    var rawValue: Int32 { file.rawValue }

    /// Makes one.
    public init() throws {
        let temporary = try Directory(path: "/tmp")
        let name = "davit-test-\(Process.pid)-\(UInt64.random(in: 0 ... .max))"
        file = try temporary.open(name, [.readWrite, .create, .exclusive], mode: 0o600).shared()
        try temporary.remove(name)
    }

    /// What was written so far. A console ends its lines with `\r\n`, which is one Character: the `\r` is left out.
    public func text() throws -> String {
        let again = try Directory(path: "/proc/self/fd").open(String(rawValue))
        return String(decoding: try again.readAll(limit: 64 << 20).filter { $0 != 0x0D }, as: UTF8.self)
    }
}

/// Where things are in this checkout.
public enum Checkout {
    /// The directory of Package.swift.
    public static let root: String = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    /// What `make test-system` installed.
    public static let installed = root + "/.build/root"

    /// The text of a file of the checkout.
    public static func text(_ path: String) throws -> String {
        String(decoding: try Directory(path: root).read(path, limit: 1 << 20), as: UTF8.self)
    }

    /// Whether `make test-system` prepared what these tests need.
    public static let isPrepared: Bool = (try? Directory(path: installed + "/usr/lib/davit/drivers")) != nil
}
