import LaunchPlan
import Linux
import Testing

/// Output and input for those who come later.
@Suite(.serialized, .enabled(if: PeerCredentials.isRoot, "needs root"))
struct AttachTests {
    let rootfs: Rootfs
    let thread: PrivateMountThread

    init() throws {
        rootfs = try Rootfs()
        thread = try PrivateMountThread(minimal: true)
    }

    /// A container that answers each line it reads, on both outputs, and ends with "end".
    private func echo() throws -> MonitorRun {
        let line = "while read a; do [ $a = end ] && exit 4; echo out $a; echo err $a >&2; done"
        var plan = usualPlan(["sh", "-c", line])
        plan.stdio.input = .open
        let run = try MonitorRun(plan, rootfs, thread: thread)
        #expect(try run.message().words.first == "launched")
        return run
    }

    @Test func `input goes in and both outputs come out`() throws {
        let run = try echo()
        let (out, err) = (try Pipe().ends(), try Pipe().ends())
        let input = try #require(try run.attach(7, [out.writer, err.writer]))
        try input.write("one\n")
        #expect(try out.reader.text(until: "\n") == "out one\n")
        #expect(try err.reader.text(until: "\n") == "err one\n")
        try input.write("end\n")
        #expect(try run.finish().last?.prefix(2) == ["exited", "4"])
    }

    @Test func `two watch at once, and one that left is not missed`() throws {
        let run = try echo()
        let (first, second) = (try Pipe().ends(), try Pipe().ends())
        let input = try #require(try run.attach(1, [first.writer]))
        _ = try run.attach(2, [second.writer])
        try input.write("one\n")
        #expect(try first.reader.text(until: "\n") == "out one\n")
        #expect(try second.reader.text(until: "\n") == "out one\n")
        try run.say(["detach", "1"])
        // The answer to the third says that the first is gone.
        let third = try Pipe().ends()
        _ = try run.attach(3, [third.writer])
        try input.write("two\n")
        #expect(try second.reader.text(until: "\n") == "out two\n")
        #expect(try third.reader.text(until: "\n") == "out two\n")
        #expect(try !first.reader.waitReadable(milliseconds: 0))
        try input.write("end\n")
        #expect(try run.finish().last?.prefix(2) == ["exited", "4"])
    }

    @Test func `one who watches and dies holds nothing up`() throws {
        let run = try echo()
        let stays = try Pipe().ends()
        do {
            let dies = try Pipe().ends()
            _ = try run.attach(1, [dies.writer])
        }
        let input = try #require(try run.attach(2, [stays.writer]))
        try input.write("one\nend\n")
        #expect(try stays.reader.text(until: "\n") == "out one\n")
        #expect(try run.finish().last?.prefix(2) == ["exited", "4"])
    }

    @Test func `nonsense on the socket is no harm`() throws {
        let run = try echo()
        for words in [
            ["attach"], ["detach", "x"], ["resize", "1"], ["dance", "1", "2"], [""],
        ] {
            try run.say(words)
        }
        try run.say([String(repeating: "x", count: 1000)])
        let out = try Pipe().ends()
        let input = try #require(try run.attach(9, [out.writer]))
        try input.write("end\n")
        #expect(try run.finish().last?.prefix(2) == ["exited", "4"])
    }

    @Test func `an agent that was restarted takes the socket back`() throws {
        let run = try echo()
        let other = try run.monitor.descriptor(5)
        let out = try Pipe().ends()
        try other.send(["attach", "3"], [out.writer])
        #expect(try other.waitReadable(milliseconds: 20000))
        let (bytes, descriptors) = try other.receive(upTo: 4096, maxDescriptors: 4)
        #expect(bytes == [UInt8]("attached\u{0}3\u{0}".utf8))
        try #require(descriptors.first).write("end\n")
        #expect(try run.finish().last?.prefix(2) == ["exited", "4"])
    }
}

extension MonitorRun {
    func say(_ words: [String], _ descriptors: [Descriptor] = []) throws { try control.send(words, descriptors) }

    /// Attaches and returns what the answer brought.
    func attach(_ number: Int, _ output: [Descriptor]) throws -> Descriptor? {
        try say(["attach", "\(number)"], output)
        let answer = try message()
        #expect(answer.words == ["attached", "\(number)"])
        return answer.descriptors.first
    }
}

extension Descriptor {
    func send(_ words: [String], _ descriptors: [Descriptor]) throws {
        try send(words.flatMap { [UInt8]($0.utf8) + [0] }, descriptors: descriptors.map(\.rawValue))
        withExtendedLifetime(descriptors) {}
    }

    /// Reads until the text ends so, or contains it; what came when nothing does for twenty seconds.
    func text(until end: String) throws -> String {
        var text = ""
        while !text.contains(end), try waitReadable(milliseconds: 20000) {
            let bytes = try read(upTo: 4096)
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }
}
