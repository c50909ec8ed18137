internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// The parent of a driver that is tried out.
struct ProbeRun {
    /// More than this no manifest has.
    private static let reportLimit = 4 << 20

    let program: String
    let deadline: Duration

    /// Tries out a shared object; answers its manifest, or throws `driver.refused` with what happened. Blocks.
    func run(_ object: Descriptor, configuration: JSONValue) throws(AgentError) -> DriverManifest {
        let report: [UInt8]
        let status: ExitStatus
        do {
            let (child, reader) = try start(object, configuration)
            (report, status) = try collect(child, reader)
        } catch let error as AgentError {
            throw error
        } catch {
            throw refused("it can't be tried out with \(program)").caused(by: error)
        }
        return try read(report, status)
    }

    /// Starts the child; only it keeps the writing end of the pipe.
    private func start(_ object: Descriptor, _ configuration: JSONValue) throws -> (child: Pidfd, reader: Descriptor) {
        let executable = try Directory(path: "/").open(program, .path).shared()
        let (reader, writer) = try Pipe().ends()
        let child = try withExtendedLifetime((executable, object, writer)) {
            try Process.spawn(
                executable: executable.rawValue,
                arguments: [program, DriverProbe.argument, configuration.description],
                environment: ["SWIFT_BACKTRACE=enable=no"],
                descriptors: [object.rawValue, writer.rawValue], standard: [-1, -1, 2]
            ).shared()
        }
        return (child, reader)
    }

    /// Reads until the child has closed the pipe or its time is over; then the child is killed, which hurts nobody.
    private func collect(_ child: Pidfd, _ reader: Descriptor) throws -> ([UInt8], ExitStatus) {
        let end = MonotonicTime.now.advanced(by: deadline)
        var report: [UInt8] = []
        var isOpen = true
        while isOpen, report.count < Self.reportLimit {
            guard try reader.waitReadable(milliseconds: end.millisecondsLeft) else { break }
            let piece = try reader.read(upTo: 65536)
            isOpen = !piece.isEmpty
            report += piece
        }
        guard try !isOpen && child.waitExit(milliseconds: end.millisecondsLeft) else {
            try? child.send(signal: SIGKILL)
            _ = try child.collect(wait: true)
            throw refused("it hung in `\(Self.stage(report))` while it was tried out, for \(deadline)")
        }
        guard let status = try child.collect(wait: true) else { throw Errno.noChild }
        return (report, status)
    }

    private func read(_ report: [UInt8], _ status: ExitStatus) throws(AgentError) -> DriverManifest {
        let stage = Self.stage(report)
        switch status {
        case .signaled(let signal):
            throw refused("it crashed in `\(stage)` while it was tried out (signal \(signal))")
        case .exited(let code) where code != 0:
            throw refused("it ended the process in `\(stage)` while it was tried out (exit status \(code))")
        case .exited:
            break
        }
        let last = report.split(separator: UInt8(ascii: "\n")).last ?? []
        guard let answer = try? JSONValue(parsing: last).decode(ProbeReport.self) else {
            throw refused("it ended the process in `\(stage)` while it was tried out (exit status 0)")
        }
        if let error = answer.error { throw error }
        guard let manifest = answer.manifest else { throw refused("it was tried out and said nothing") }
        return manifest
    }

    /// The last stage that the child said it entered.
    private static func stage(_ report: [UInt8]) -> String {
        let lines = report.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        return lines.last { !$0.hasPrefix("{") } ?? "start"
    }
}

extension MonotonicTime {
    /// For `poll`: until this time, rounded up, 0 when it is over.
    var millisecondsLeft: Int32 {
        let now = MonotonicTime.now
        guard self > now else { return 0 }
        return Int32(clamping: (nanoseconds - now.nanoseconds) / 1_000_000 + 1)
    }
}
