import ContainerNetwork
import Linux
import Model

/// One run of a plugin: a process with a descriptor for each of its input, output and words, a time, and nothing else.
struct PluginRun: Sendable {
    /// What it wrote, and how it ended.
    struct Outcome: Sendable {
        let status: ExitStatus
        let output: [UInt8]
        /// The last lines that it wrote to its standard error.
        let words: [String]
        let end: End
    }

    enum End: Sendable, Hashable {
        /// By itself.
        case own
        /// Killed, for its time was over, or it wrote too much.
        case late, talkative
    }

    /// More than this no plugin has to say.
    static let longestOutput = 1 << 20
    private static let keptWords = 8 << 10
    private static let keptLines = 12
    private static let kill: Int32 = 9

    let program: PluginProgram
    /// Where it runs: what it makes on the host is made there.
    let host: HostNetwork
    let timeout: Duration

    private struct Child: Sendable {
        let pid: Int32
        let process: Pidfd
        let output: Descriptor
        let words: Descriptor
    }

    /// Starts it and waits for its end, or until its time is over; then it is killed with the rest of its process group.
    /// Blocks. Nothing is left of it but what it made on purpose.
    func perform(input: [UInt8], environment: [String]) throws(Errno) -> Outcome {
        let child = try start(input, environment)
        do {
            return try follow(child)
        } catch {
            // Nobody would collect it.
            _ = try? end(child, kill: true)
            throw error
        }
    }

    private func start(_ input: [UInt8], _ environment: [String]) throws(Errno) -> Child {
        // A plugin that does not read can't hold us up, nor can what it is told be too long for a pipe.
        let source = try MemoryFile.sealed(input, name: "cni-input").shared()
        let output = try Pipe().ends()
        let words = try Pipe().ends()
        let program = program
        return try host.run { () throws(Errno) in
            let spawned = try Process.spawn(
                executable: program.executable.rawValue, arguments: program.arguments, environment: environment,
                descriptors: [], standard: [source.rawValue, output.writer.rawValue, words.writer.rawValue], leads: true
            )
            let pid = spawned.pid
            return Child(pid: pid, process: spawned.shared(), output: output.reader, words: words.reader)
        }
    }

    private func follow(_ child: Child) throws(Errno) -> Outcome {
        let deadline = MonotonicTime.now.advanced(by: timeout)
        var text = Text()
        while true {
            let numbers = [
                text.isOutputOpen ? child.output.rawValue : -1, text.areWordsOpen ? child.words.rawValue : -1,
                child.process.descriptor.rawValue,
            ]
            let ready = try Poll.readable(numbers, until: deadline)
            if ready[0] { try text.readOutput(child.output) }
            if ready[1] { try text.readWords(child.words) }
            if text.output.count > Self.longestOutput { return outcome(try end(child, kill: true), text, .talkative) }
            // What it started may hold the pipes open for ever: its own end is what counts, once all is read.
            if ready[2], !ready[0], !ready[1] { return outcome(try end(child, kill: false), text, .own) }
            if MonotonicTime.now >= deadline { return outcome(try end(child, kill: true), text, .late) }
        }
    }

    /// Collects it. The process group is told before, as long as its number is nobody else's.
    private func end(_ child: Child, kill: Bool) throws(Errno) -> ExitStatus {
        if kill {
            try? child.process.send(signal: Self.kill)
            Process.endGroup(ledBy: child.pid)
        }
        guard let status = try child.process.collect(wait: true) else { throw Errno.noChild }
        return status
    }

    private func outcome(_ status: ExitStatus, _ text: Text, _ end: End) -> Outcome {
        let lines = String(decoding: text.words, as: UTF8.self).split(whereSeparator: \.isNewline)
        return Outcome(
            status: status, output: text.output,
            words: lines.suffix(Self.keptLines).map { PluginFailure.line(String($0)) },
            end: end)
    }

    /// What came so far.
    private struct Text {
        var output: [UInt8] = []
        var words: [UInt8] = []
        var isOutputOpen = true
        var areWordsOpen = true

        mutating func readOutput(_ pipe: Descriptor) throws(Errno) {
            let bytes = try pipe.read(upTo: 64 << 10)
            if bytes.isEmpty { isOutputOpen = false } else { output += bytes }
        }

        /// Only the last of them are kept.
        mutating func readWords(_ pipe: Descriptor) throws(Errno) {
            let bytes = try pipe.read(upTo: 64 << 10)
            if bytes.isEmpty { areWordsOpen = false } else { words = (words + bytes).suffix(PluginRun.keptWords) }
        }
    }
}
