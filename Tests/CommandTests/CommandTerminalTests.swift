import ArgumentParser
import JSON
import Linux
import TestSupport
import Testing

@testable import davit

/// The program in a terminal of its own, against a line server that plays a program's terminal with a socket.
struct CommandTerminalTests {
    private struct Stage {
        let agent: FakeAgent
        /// What the program inside would read and write.
        let inside: Descriptor

        /// Plays a person at the command; answers what was shown, after `status N` and how the terminal is left.
        func play(_ actions: [String], _ arguments: [String], environment: [String] = []) throws -> String {
            let products = try Directory(path: "/proc/self").readLink("exe").split(separator: "/").dropLast()
            let program = products.reduce("") { $0 + "/" + $1 } + "/davit"
            let play = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Terminal/play"
            let output = try UnnamedFile.make()
            let python = try Directory(path: "/usr/bin").open("python3")
            let person = try Process.spawn(
                executable: python.rawValue,
                arguments: ["python3", play, "30", "90"] + actions + ["--", program] + arguments,
                environment: ["DAVIT_SOCKET=\(agent.path)", "PATH=/usr/bin:/bin"] + environment, descriptors: [],
                standard: [-1, output.rawValue, output.rawValue]
            ).shared()
            try person.end()
            let again = try Directory(path: "/proc/self/fd").open(String(output.rawValue))
            return String(decoding: try again.readAll(limit: 1 << 20), as: UTF8.self)
        }
    }

    private func withStage(_ body: (Stage) throws -> Void) throws {
        let pair = try SocketPair(.stream)
        let rule: FakeAgent.Rule = { request, agent in
            switch request.method {
            case "exec.run", "container.run":
                agent.give(pair.b)
                return [["progress": ["container": "0123456789abcdef", "exec": "1"]]]
            case "cancel": return [.result(["cancelled": true])]
            default: return [.failure("host.failed", "not played")]
            }
        }
        try FakeAgent.serving(rule) { agent in
            // What the program says is copied to the client's own descriptor.
            try Thread.start("played program") {
                let request = agent.wait(for: 1, "exec.run")
                _ = try? request.descriptors.first?.write("ready")
                while let bytes = try? pair.a.read(upTo: 100), !bytes.isEmpty {
                    let text = bytes.map { "<\($0)>" }.joined()
                    _ = try? request.descriptors.first?.write(text)
                }
            }
            try body(Stage(agent: agent, inside: pair.a))
        }
    }

    private static let exec = ["exec", "-it", "c", "sh"]

    @Test func `keys reach the program as they are, until the keys to leave by`() throws {
        try withStage { stage in
            let said = try stage.play(
                [
                    "see", "ready", "type", "a", "see", "<97>", "type", "\\x03", "see", "<3>", "type", "\\x10x", "see",
                    "<120>", "type",
                    "\\x10\\x11",
                ],
                Self.exec)
            #expect(said.hasPrefix("status 0\nmode kept\n"), "\(said)")
            #expect(said.contains("<97>") && said.contains("<16><120>"), "\(said)")
            #expect(stage.agent.requests.last?.method == "cancel")
            let request = stage.agent.first("exec.run")
            #expect(request.params["terminal"] == ["rows": 30, "columns": 90])
            #expect(request.params["stdio"] == ["stdout": 0])
        }
    }

    @Test(arguments: [["--detach-keys", "ctrl-x,q"], []])
    func `the keys to leave by can be chosen`(_ option: [String]) throws {
        try withStage { stage in
            let said = try stage.play(
                [
                    "see", "ready", "type", "a", "see", "<97>", "type", "\\x10\\x11", "see", "<16><17>", "type",
                    "\\x18q",
                ],
                ["exec", "-it"] + option + ["c", "sh"],
                environment: option.isEmpty ? ["DAVIT_DETACH_KEYS=ctrl-x,q"] : [])
            #expect(said.hasPrefix("status 0\nmode kept\n"), "\(said)")
        }
    }

    @Test func `a client that is killed leaves the terminal as it was`() throws {
        try withStage { stage in
            let said = try stage.play(
                ["see", "ready", "type", "a", "see", "<97>", "type", "\\x03", "see", "<3>", "kill", "KILL", "end"],
                Self.exec)
            #expect(said.hasPrefix("status -9\nmode kept\n"), "\(said)")
        }
    }

    @Test(arguments: ["run", "exec"])
    func `-t without a terminal is refused`(_ command: String) throws {
        try FakeAgent.serving({ _, _ in [] }) { agent in
            let run = try CommandProgram.run([command, "-it", "debian", "sh"], agent: agent.path)
            #expect(run.status == .exited(125))
            #expect(run.error.contains("the input device is not a TTY"))
            #expect(agent.requests.isEmpty)
        }
    }

    @Test(
        arguments: [
            ("ctrl-p,ctrl-q", [1, 16, 17, 2], [1], true), ("ctrl-p,ctrl-q", [16, 16, 17], [16], true),
            ("ctrl-p,ctrl-q", [16, 1], [16, 1], false), ("a,a,b", [97, 97, 97, 98], [97], true),
            ("", [16, 17], [16, 17], false),
            ("ctrl-@", [0], [], true), ("ctrl-[", [27], [], true),
        ] as [(String, [UInt8], [UInt8], Bool)])
    func `what is typed is filtered`(_ text: String, _ typed: [UInt8], _ pass: [UInt8], _ isDetached: Bool) throws {
        for pieces in [[typed], typed.map { [$0] }] {
            var keys = try DetachKeys(text)
            var (passed, isLeft): ([UInt8], Bool) = ([], false)
            for piece in pieces where !isLeft {
                let (some, left) = keys.filter(piece)
                passed += some
                isLeft = left
            }
            #expect(passed == pass && isLeft == isDetached)
        }
    }

    @Test(arguments: ["ctrl-", "ctrl-1", "ab", ",", "ctrl-p,"])
    func `keys that are none are refused`(_ text: String) {
        #expect(throws: ValidationError.self) { try DetachKeys(text) }
    }
}
