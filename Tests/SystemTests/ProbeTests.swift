import Linux
import TestSupport
import Testing

/// What a program can do from inside a container that the agent runs, with another container beside it.
@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct ProbeTests {
    @Test func `a standard container has no way out, and a privileged one dozens`() throws {
        try withImage("busybox") { agent in
            let built = try Command.run(
                "gcc -std=gnu11 -O1 -static -o \"$1/probe\" \"$2/Tests/Probe/probe.c\"",
                [agent.directory, Checkout.root])
            try #require(built.succeeded, "\(built.error)")
            #expect(try agent.davit("run", "-d", "--name", "neighbour", "busybox:latest", "sleep", "600").succeeded)
            let standard = try agent.probe()
            #expect(standard.filter { $0.hasPrefix("hole ") } == [])
            #expect(standard.count { $0.hasPrefix("held ") } >= 60)
            #expect(try agent.probe("--privileged").count { $0.hasPrefix("hole ") } >= 24)
        }
    }
}

extension Agent {
    /// What the probe says of each way out that it tries.
    fileprivate func probe(_ options: String...) throws -> [Substring] {
        let made = try davit(words: ["create", "--name", "probe"] + options + ["busybox:latest", "/probe"])
        try #require(made.succeeded, "\(made.error)")
        try #require(try davit("cp", directory + "/probe", "probe:/probe").succeeded)
        let lines = try davit("start", "-a", "probe").output.split(separator: "\n")
        try #require(lines.last?.hasSuffix("holes") == true, "the probe came to its end: \(lines)")
        _ = try davit("rm", "probe")
        return lines
    }
}
