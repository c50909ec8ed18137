import LaunchPlan
import Linux
import Testing

@Suite(.serialized, .enabled(if: PeerCredentials.isRoot, "needs root"))
struct LogTests {
    let rootfs: Rootfs
    let thread: PrivateMountThread

    init() throws {
        rootfs = try Rootfs()
        thread = try PrivateMountThread(minimal: true)
    }

    private func run(_ line: String, log: Log? = Log(directory: 1, maxBytes: 64 << 20, files: 3)) throws {
        _ = try MonitorRun(usualPlan(["sh", "-c", line], log: log), rootfs, thread: thread).finish()
    }

    @Test func `a line has a time, a stream and a tag`() throws {
        try run("echo one; echo two >&2; echo -n three")
        let text = try rootfs.text("log/log")
        let pattern = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) [FP] [a-z]+/#
        for line in text.split(separator: "\n") { #expect(line.wholeMatch(of: pattern) != nil, "\(line)") }
        #expect(text.contains(" stdout F one\n") && text.contains(" stderr F two\n"))
        #expect(text.hasSuffix(" stdout P three\n"))
    }

    @Test func `a line longer than 16 KiB comes in pieces`() throws {
        try run("head -c 40000 /dev/zero | tr '\\0' x; echo")
        let lines = try rootfs.text("log/log").split(separator: "\n")
        #expect(lines.map { $0.utf8.count - 40 } == [16384, 16384, 7232])
        #expect(lines.map { $0.dropFirst(31).prefix(8) } == ["stdout P", "stdout P", "stdout F"])
    }

    @Test func `no byte is lost and no line is torn`() throws {
        try run("seq 1 100000")
        let lines = try rootfs.text("log/log").split(separator: "\n")
        #expect(lines.count == 100_000)
        #expect(lines.enumerated().allSatisfy { $1.dropFirst(40) == "\($0 + 1)" })
    }

    @Test func `files are rotated at line ends and the oldest goes`() throws {
        try run("seq 1 5000", log: Log(directory: 1, maxBytes: 10000, files: 3))
        #expect(try Set(rootfs.log.names()) == ["log", "log.1", "log.2"])
        let all = try ["log.2", "log.1", "log"].map { try rootfs.text("log/" + $0) }
        #expect(all.dropLast().allSatisfy { $0.utf8.count >= 10000 && $0.utf8.count < 10100 && $0.hasSuffix("\n") })
        let numbers = all.joined().split(separator: "\n").compactMap { Int($0.dropFirst(40)) }
        #expect(numbers.last == 5000)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }

    @Test func `one file means starting over`() throws {
        try run("seq 1 5000", log: Log(directory: 1, maxBytes: 10000, files: 1))
        #expect(try rootfs.log.names() == ["log"])
    }

    @Test func `a full disk does not stop the program`() throws {
        let context = try FileSystemContext("tmpfs")
        try context.set("size", "64k")
        let small = try context.mount().shared()
        var plan = usualPlan(["sh", "-c", "seq 1 100000; exit 3"])
        plan.log = Log(directory: 3, maxBytes: 64 << 20, files: 2)
        let messages = try MonitorRun(plan, rootfs, extra: [small.rawValue], thread: thread).finish()
        #expect(messages.last?.prefix(2) == ["exited", "3"])
        let log = try Directory(small).read("log", limit: 1 << 20)
        #expect(log.isEmpty || log.last == 10)
    }

    @Test func `the client gets the very bytes`() throws {
        let pipe = try Pipe().ends()
        let plan = usualPlan(["sh", "-c", "seq 1 50000"], copyTo: 3)
        let run = try MonitorRun(plan, rootfs, extra: [pipe.writer.rawValue], thread: thread)
        let reader = pipe.reader
        var text: [UInt8] = []
        let wanted = (1...50000).map { "\($0)\n" }.joined()
        while text.count < wanted.utf8.count {
            guard try reader.waitReadable(milliseconds: 10000) else { break }
            text += try reader.read(upTo: 65536)
        }
        #expect(String(decoding: text, as: UTF8.self) == wanted)
        #expect(try run.finish().last?.prefix(2) == ["exited", "0"])
        #expect(try rootfs.text("log/log").split(separator: "\n").count == 50000)
        withExtendedLifetime(pipe.writer) {}
    }

    @Test func `a client that goes away leaves the log to go on`() throws {
        var pipe: (reader: Descriptor, writer: Descriptor)? = try Pipe().ends()
        let plan = usualPlan(["sh", "-c", "seq 1 50000; exit 5"], copyTo: 3)
        let run = try MonitorRun(plan, rootfs, extra: [try #require(pipe).writer.rawValue], thread: thread)
        pipe = nil
        #expect(try run.finish().last?.prefix(2) == ["exited", "5"])
        #expect(try rootfs.text("log/log").split(separator: "\n").count == 50000)
    }
}
