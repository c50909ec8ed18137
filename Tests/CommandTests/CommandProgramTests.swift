import JSON
import Linux
import Testing

/// The program itself, against a line server.
struct CommandProgramTests {
    private static let id = "0123456789abcdef"
    private static let ended: JSONValue = .result([
        "id": .string(id), "exit": ["status": 7, "oom": false, "time": 0], "code": 7,
    ])
    private static let container: JSONValue = [
        "id": .string(id), "image": "sha256:0",
        "spec": ["image": "docker.io/library/debian:bookworm", "name": "web", "command": ["sleep", "1"]],
        "state": ["phase": "exited", "created_at": 0, "exit": ["status": 3, "oom": false, "time": 0]],
    ]

    @Test func `an attached run passes its streams and ends with the program's code`() throws {
        let rule: FakeAgent.Rule = { request, _ in
            // 0 is output, 1 is error: the program's own bytes never pass the socket.
            try? request.descriptors[0].write("to output")
            try? request.descriptors[1].write("to error")
            return [Self.ended]
        }
        try FakeAgent.serving(rule) { agent in
            let run = try CommandProgram.run(["run", "--rm", "debian", "sh", "-c", "exit 7"], agent: agent.path)
            #expect(run.status == .exited(7))
            #expect(run.output == "to output")
            #expect(run.error == "to error")
            let request = agent.requests[0]
            #expect(request.method == "container.run")
            #expect(request.params["stdio"] == ["stdout": 0, "stderr": 1])
            #expect(request.params["command"] == ["sh", "-c", "exit 7"])
            #expect(request.params["remove"] == true)
            #expect(request.descriptors.count == 2)
        }
    }

    @Test func `an interactive run passes its input too`() throws {
        let rule: FakeAgent.Rule = { request, _ in
            let input = (try? request.descriptors[0].read(upTo: 100)) ?? []
            try? request.descriptors[1].write(input)
            return [Self.ended]
        }
        try FakeAgent.serving(rule) { agent in
            let input = try UnnamedFile.make("typed")
            let run = try CommandProgram.run(["run", "-i", "debian"], agent: agent.path, input: input.rawValue)
            #expect(run.output == "typed")
            #expect(agent.requests[0].params["stdio"] == ["stdin": 0, "stdout": 1, "stderr": 2])
        }
    }

    @Test func `a detached run prints the id and passes nothing`() throws {
        try FakeAgent.serving({ _, _ in [.result(["id": .string(Self.id)])] }) { agent in
            let run = try CommandProgram.run(["run", "-d", "debian"], agent: agent.path)
            #expect(run.status == .exited(0))
            #expect(run.output == Self.id + "\n")
            #expect(agent.requests[0].params["detach"] == true)
            #expect(agent.requests[0].descriptors.isEmpty)
        }
    }

    @Test(
        arguments: [
            ("container.command_not_found", 127), ("container.command_not_executable", 126), ("image.not_found", 125),
            ("some.new_code", 125),
        ] as [(String, Int32)])
    func `a run that the agent refuses ends as docker's does`(code: String, status: Int32) throws {
        try FakeAgent.serving({ _, _ in [.failure(code, "why")] }) { agent in
            let run = try CommandProgram.run(["run", "debian"], agent: agent.path)
            #expect(run.status == .exited(status))
            #expect(run.error.contains(code) && run.error.contains("  because: because"))
        }
    }

    @Test func `without an agent a run ends with 125, anything else with 1`() throws {
        let run = try CommandProgram.run(["run", "debian"])
        #expect(run.status == .exited(125))
        let other = try CommandProgram.run(["ps"])
        #expect(other.status == .exited(1))
        let third = try CommandProgram.run(["run", "--bogus", "debian"])
        #expect(third.status == .exited(125))
        let fourth = try CommandProgram.run(["ps", "--bogus"])
        #expect(fourth.status == .exited(1))
        let fifth = try CommandProgram.run(["--version"])
        #expect(fifth.output.hasPrefix("davit "))
    }

    @Test(arguments: [1, 2, 3, 15] as [Int32])
    func `a signal goes to the container, not to the run`(signal: Int32) throws {
        // The run is answered once the signal has come by its own connection.
        let rule: FakeAgent.Rule = { request, agent in
            guard request.method == "container.run" else { return [.result([:])] }
            let killed = agent.first("container.kill").params["signal"]?.string ?? ""
            return [.result(["id": .string(Self.id), "code": .int(128 + (Int64(killed) ?? 0))])]
        }
        try FakeAgent.serving(rule) { agent in
            let running = try CommandProgram.Running(["run", "--name", "web", "debian"], agent: agent.path)
            _ = agent.first("container.run")
            try running.process.send(signal: signal)
            let run = try running.finish()
            #expect(run.status == .exited(128 + signal))
            #expect(agent.first("container.kill").params == ["container": "web", "signal": .string(String(signal))])
        }
    }

    @Test func `a signal before the program runs is sent again until it arrives`() throws {
        let rule: FakeAgent.Rule = { request, agent in
            let kills = agent.requests.count { $0.method == "container.kill" }
            guard request.method == "container.run" else {
                return kills < 3 ? [.failure("container.wrong_state", "not yet")] : [.result([:])]
            }
            _ = agent.wait(for: 3, "container.kill")
            return [Self.ended]
        }
        try FakeAgent.serving(rule) { agent in
            let running = try CommandProgram.Running(["run", "--name", "web", "debian"], agent: agent.path)
            _ = agent.first("container.run")
            try running.process.send(signal: 15)
            let run = try running.finish()
            #expect(run.status == .exited(7))
        }
    }

    @Test func `a run outlives its agent`() throws {
        let rule: FakeAgent.Rule = { request, _ in request.method == "container.run" ? [] : [Self.ended] }
        try FakeAgent.serving(rule) { agent in
            let run = try CommandProgram.run(["run", "--name", "web", "debian"], agent: agent.path)
            #expect(run.status == .exited(7))
            #expect(agent.requests.map(\.method) == ["container.run", "container.wait"])
        }
    }

    @Test func `start -a ends with the program's code`() throws {
        try FakeAgent.serving({ _, _ in [.result(Self.container)] }) { agent in
            let run = try CommandProgram.run(["start", "-a", "web"], agent: agent.path)
            #expect(run.status == .exited(3))
            let request = agent.first("container.start")
            #expect(request.params["attach"] == true)
            #expect(request.descriptors.count == 2)
        }
    }

    @Test func `ps shows a table, or the protocol's own words`() throws {
        let list: JSONValue = ["containers": [Self.container], "extra": 1]
        try FakeAgent.serving({ _, _ in [.result(list)] }) { agent in
            let table = try CommandProgram.run(["ps", "-a"], agent: agent.path).output.split(separator: "\n")
            #expect(table[0].hasPrefix("CONTAINER ID       IMAGE             COMMAND"))
            #expect(table[1].hasPrefix("0123456789abcdef   debian:bookworm   sleep 1"))
            #expect(table[1].contains("Exited (3) ") && table[1].hasSuffix("web"))
            let json = try CommandProgram.run(["ps", "-a", "--json"], agent: agent.path).output
            #expect(try JSONValue(parsing: json) == list)
            let lines = try CommandProgram.run(["ps", "-a", "--jsonl"], agent: agent.path).output
            #expect(try JSONValue(parsing: lines) == Self.container)
            let run = try CommandProgram.run(["ps", "-aq"], agent: agent.path)
            #expect(run.output == Self.id + "\n")
        }
    }

    @Test func `one failure among several does not stop the others`() throws {
        let rule: FakeAgent.Rule = { request, _ in
            request.params["container"] == "b" ? [.failure("container.not_found", "no b")] : [.result([:])]
        }
        try FakeAgent.serving(rule) { agent in
            let run = try CommandProgram.run(["rm", "-f", "a", "b", "c"], agent: agent.path)
            #expect(run.status == .exited(1))
            #expect(run.output == "a\nc\n")
            #expect(run.error.hasPrefix("davit: container.not_found: no b\n"))
        }
    }

    @Test func `logs go where the program wrote them`() throws {
        let rule: FakeAgent.Rule = { _, _ in
            [
                .item(["stream": "stdout", "time": 0, "text": "half", "partial": true]),
                .item(["stream": "stderr", "time": 1, "text": "oops"]),
                .item(["stream": "stdout", "time": 2, "text": " done"]),
                .item(["stream": "stdout", "time": 3, "base64": "//8="]), .result([:]),
            ]
        }
        try FakeAgent.serving(rule) { agent in
            let run = try CommandProgram.run(["logs", "web"], agent: agent.path)
            #expect(run.output == "half done\n" + String(decoding: [0xFF, 0xFF] as [UInt8], as: UTF8.self) + "\n")
            #expect(run.error == "oops\n")
            let timed = try CommandProgram.run(["logs", "-t", "--tail", "5", "web"], agent: agent.path)
            #expect(timed.output.hasPrefix("1970-01-01T00:00:00.000000000Z half done\n1970-01-01T00:00:00.000000003Z "))
            #expect(agent.requests[1].params == ["container": "web", "tail": 5])
        }
    }

    @Test func `load passes the archive itself, and makes a file of a pipe`() throws {
        let rule: FakeAgent.Rule = { request, _ in
            let text = (try? request.descriptors[0].readAll(limit: 100)).map { String(decoding: $0, as: UTF8.self) }
            let kind = (try? request.descriptors[0].status().kind) == .regular ? "file" : "other"
            return [.failure("image.invalid", "\(kind): \(text ?? "nothing")")]
        }
        try FakeAgent.serving(rule) { agent in
            let file = try UnnamedFile.make("archive")
            let loaded = try CommandProgram.run(["load"], agent: agent.path, input: file.rawValue)
            #expect(loaded.error.contains("file: archive"))
            let pipe = try finishedPipe("piped")
            let piped = try CommandProgram.run(["load", "-t", "x"], agent: agent.path, input: pipe.rawValue)
            #expect(piped.error.contains("file: piped"))
            #expect(agent.requests[1].params == ["source": 0, "reference": "x"])
        }
    }

    /// The reading end of a pipe that nobody writes to any more.
    private func finishedPipe(_ text: String) throws -> Descriptor {
        let (reader, writer) = try Pipe().ends()
        try writer.write(text)
        return reader
    }

    @Test func `call prints items, then the result`() throws {
        try FakeAgent.serving({ request, _ in [.item(request.params), .result([:])] }) { agent in
            let input = try UnnamedFile.make(#"{"a":1}"#)
            let call = try CommandProgram.run(["call", "x.y", "-"], agent: agent.path, input: input.rawValue)
            #expect(call.output == "{\"a\":1}\n{}\n")
            let bad = try CommandProgram.run(["call", "x.y", "{a}"], agent: agent.path)
            #expect(bad.status == .exited(1))
            #expect(bad.error.hasPrefix("davit: request.invalid: "))
        }
    }
}
