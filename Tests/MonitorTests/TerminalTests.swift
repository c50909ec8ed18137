import LaunchPlan
import Linux
import Testing

/// A terminal of the container's own.
@Suite(.serialized, .enabled(if: PeerCredentials.isRoot, "needs root"))
struct TerminalTests {
    let rootfs: Rootfs
    let thread: PrivateMountThread

    init() throws {
        rootfs = try Rootfs()
        thread = try PrivateMountThread(minimal: true)
    }

    private func run(
        _ line: String, user: UInt32 = 0, input: Descriptor? = nil, isInit: Bool = false
    ) throws -> MonitorRun {
        var plan = usualPlan(["sh", "-c", line], user: user)
        plan.stdio = Stdio(output: .relay(copyTo: nil))
        plan.stdio.terminal = Terminal(rows: 33, columns: 77)
        plan.initProcess = isInit
        if input != nil { plan.stdio.input = .descriptor(3) }
        let run = try MonitorRun(plan, rootfs, extra: input.map { [$0.rawValue] } ?? [], thread: thread)
        #expect(try run.message().words.first == "launched")
        return run
    }

    /// A terminal ends its lines with a carriage return too.
    private func log() throws -> [String] {
        let bytes = try rootfs.text("log/log").utf8.filter { $0 != 13 }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0.dropFirst(31)) }
    }

    @Test(arguments: [UInt32(0), 33])
    func `the program has it as its three streams, of its user and of the size asked for`(user: UInt32) throws {
        let run = try run(
            "test -t 0 && test -t 1 && test -t 2 && echo all; stty size; tty; stat -c %u $(tty)", user: user)
        #expect(try run.finish().last?.prefix(2) == ["exited", "0"])
        #expect(try log() == ["stdout F all", "stdout F 33 77", "stdout F /dev/pts/0", "stdout F \(user)"])
    }

    @Test func `it is the controlling terminal, and the console`() throws {
        let run = try run("echo one >/dev/tty; echo two >/dev/console")
        #expect(try run.finish().last?.prefix(2) == ["exited", "0"])
        #expect(try log() == ["stdout F one", "stdout F two"])
    }

    @Test func `what is typed by one is seen by two, and a new size is told`() throws {
        let run = try run(
            "trap 'stty size' WINCH; while :; do read -r a && echo got $a && [ $a = end ] && exit 5; done")
        let (first, second) = (try Pipe().ends(), try Pipe().ends())
        let terminal = try #require(try run.attach(1, [first.writer]))
        _ = try run.attach(2, [second.writer])
        try terminal.write("hello\n")
        #expect(try first.reader.text(until: "got hello").contains("got hello"))
        #expect(try second.reader.text(until: "got hello").contains("got hello"))
        try run.say(["resize", "10", "20"])
        #expect(try first.reader.text(until: "10 20").contains("10 20"))
        try terminal.write("end\n")
        #expect(try run.finish().last?.prefix(2) == ["exited", "5"])
        #expect(try log().contains("stdout F got end"))
    }

    @Test(arguments: [false, true])
    func `the key for an interrupt reaches the program`(isInit: Bool) throws {
        let run = try run("trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done", isInit: isInit)
        let out = try Pipe().ends()
        let terminal = try #require(try run.attach(1, [out.writer]))
        for _ in 0..<100 where try !log().contains("stdout F ready") {
            _ = try out.reader.waitReadable(milliseconds: 20)
        }
        try terminal.write("\u{3}")
        #expect(try run.finish().last?.prefix(2) == ["exited", "7"])
    }

    @Test func `bytes of a client that only has a stream are typed, and its end is an end`() throws {
        let typed = try MemoryFile.sealed(Array("one\n".utf8)).shared()
        let run = try run("cat; echo over", input: typed)
        #expect(try run.finish().last?.prefix(2) == ["exited", "0"])
        #expect(try log().contains("stdout F over"))
    }

    @Test func `output that nobody watches is not held up`() throws {
        let run = try run("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done")
        #expect(try run.finish().last?.prefix(2) == ["exited", "0"])
        #expect(try log().last == "stdout F line 19999")
    }
}
