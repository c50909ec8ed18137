import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct ImageTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let file: String
        let image: String
        let command: [String]
        let output: String
        var testDescription: String { file }
    }

    @Test(arguments: [
        Example(file: "busybox", image: "busybox:latest", command: ["echo", "hello"], output: "hello\n"),
        Example(
            file: "debian", image: "debian:12", command: ["sh", "-c", ". /etc/os-release; echo $ID $VERSION_ID"],
            output: "debian 12\n"),
        Example(file: "python", image: "python:3", command: ["-c", "print(6 * 7)"], output: "42\n"),
        Example(file: "docker", image: "python:docker", command: ["-c", "print(6 * 7)"], output: "42\n"),
        Example(file: "zstd", image: "zstd:latest", command: ["-c", "print(6 * 7)"], output: "42\n"),
        Example(file: "layers60", image: "layers:60", command: [], output: "59\n54\n"),
        Example(
            file: "scratch", image: "scratch:latest", command: ["a", "b"], output: "hello from scratch, pid 1\na\nb\n"),
    ])
    func `an image loads and its program runs`(example: Example) throws {
        try withImage(example.file) { agent in
            let run = try agent.davit(words: ["run", "--rm", example.image] + example.command)
            #expect(run.output == example.output)
            #expect(run.error == "")
            #expect(run.status == .exited(0))
        }
    }

    @Test func `the exit code of run is the program's, or 125 to 127`() throws {
        let cases: [(words: [String], status: Int32)] = [
            (["busybox:latest", "sh", "-c", "exit 42"], 42),
            (["busybox:latest", "/no/such/program"], 127),
            (["busybox:latest", "/etc/passwd"], 126),
            (["nosuchimage"], 125),
        ]
        try withImage("busybox") { agent in
            for (words, status) in cases {
                let run = try agent.davit(words: ["run", "--rm"] + words)
                #expect(run.status == .exited(status), "\(words): \(run.error)")
            }
        }
    }

    @Test func `redis answers over the host's network, and stops on its stop signal`() throws {
        try withImage("redis") { agent in
            let run = try agent.davit(
                "run", "-d", "--name", "redis", "--network", "host", "redis:7", "--port", "16379", "--bind", "127.0.0.1"
            )
            #expect(run.succeeded, "\(run.error)")
            let answer = try eventually("printf 'PING\\r\\n' | socat -t 1 - TCP:127.0.0.1:16379", contains: "+PONG")
            let logs = try agent.davit("logs", "redis").output
            #expect(answer.contains("+PONG"), "\(logs)")
            try #expect(agent.davit("stop", "redis").succeeded)
            try #expect(agent.davit("wait", "redis").output == "0\n")
            try #expect(agent.davit("logs", "redis").output.contains("bye bye"))
        }
    }

    @Test func `nginx logs to /dev/stdout, answers, and stops on SIGQUIT`() throws {
        try withImage("nginx") { agent in
            let run = try agent.davit("run", "-d", "--name", "web", "--network", "host", "nginx:1")
            #expect(run.succeeded, "\(run.error)")
            let answer = try eventually(
                "printf 'GET /here HTTP/1.0\\r\\n\\r\\n' | socat -t 1 - TCP:127.0.0.1:18080",
                contains: "hello from nginx")
            let logs = try agent.davit("logs", "web").output
            #expect(answer.contains("hello from nginx"), "\(logs)")
            try #expect(agent.davit("stop", "web").succeeded)
            try #expect(agent.davit("wait", "web").output == "0\n")
            try #expect(agent.davit("logs", "web").output.contains("GET /here"))
        }
    }

    @Test func `the one-liner of the protocol works as written`() throws {
        try withImage("busybox") { agent in
            _ = try agent.davit("run", "-d", "--name", "sleeper", "busybox:latest", "sleep", "60")
            let list = try Command.run(
                "printf '{\"method\":\"container.list\"}\\n' | socat -t 3600 - UNIX-CONNECT:\"$1\"/davit.sock | jq .",
                [agent.directory])
            #expect(list.output.contains("\"sleeper\""), "\(list.error)")
            try #expect(agent.davit("rm", "--force", "sleeper").succeeded)
        }
    }
}

/// Repeats a command until its output has `text`, for ten seconds at most.
private func eventually(_ script: String, contains text: String) throws -> String {
    let said = try Command.run(
        """
        tries=100
        until said=$(sh -c "$1" 2>&1) && case $said in *"$2"*) true ;; *) false ;; esac; do
            tries=$((tries - 1)); [ $tries -gt 0 ] || break; sleep 0.1
        done
        printf '%s\\n' "$said"
        """, [script, text])
    return said.output
}
