import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct HealthTests {
    /// Answers /ok with 200 and all else with 500 on port 8080 of a container without any network, and listens on a
    /// Unix socket.
    private static let server = """
        import socket
        local = socket.socket(socket.AF_UNIX)
        local.bind('/run/x.sock')
        local.listen()
        server = socket.create_server(('0.0.0.0', 8080))
        while True:
            try:
                client, _ = server.accept()
                line = b'200 OK' if client.recv(4096).startswith(b'GET /ok ') else b'500 No'
                client.sendall(b'HTTP/1.1 ' + line + b'\\r\\n\\r\\n')
                client.close()
            except OSError:
                pass
        """

    static let probes: [(words: [String], status: String, message: String)] = [
        (["--health-tcp", "8080"], "healthy", "null"),
        (["--health-tcp", "8081"], "unhealthy", "port 8081: ECONNREFUSED (Connection refused)"),
        (["--health-http", "8080/ok"], "healthy", "null"),
        (["--health-http", "8080/no"], "unhealthy", "the answer is HTTP status 500"),
        (["--health-unix", "/run/x.sock"], "healthy", "null"),
        (["--health-unix", "/run/y.sock"], "unhealthy", "/run/y.sock: ENOENT (No such file or directory)"),
        (["--health-file", "/proc/1/root/etc/debian_version"], "unhealthy", "EXDEV"),
        (["--health-file", "/etc/os-release"], "healthy", "null"),
        (["--health-cmd", "test -S /run/x.sock"], "healthy", "null"),
        (["--health-cmd", "exit 3"], "unhealthy", "the command ended with 3"),
        (["--health-cmd", "sleep 100", "--health-timeout", "100ms"], "unhealthy", "did not end within 0.1 seconds"),
    ]

    @Test func `each kind of probe finds out how a program is`() throws {
        try withImage("python") { agent in
            for (words, status, message) in Self.probes {
                let run = try agent.davit(
                    words: ["run", "-d", "--name", "c", "--health-interval", "200ms", "--health-retries", "2"]
                        + words + ["python:3", "-c", Self.server])
                #expect(run.succeeded, "\(run.error)")
                let found = try agent.await("c", ".state.health.status", status)
                let said = try agent.said()
                #expect(found == status, "\(words): \(said)")
                let text = try agent.ask("c", ".state.health.message")
                #expect(text.hasSuffix(message) || text.contains(message), "\(words): \(text)")
                #expect(try agent.davit("ps").output.contains("(\(status))"))
                _ = try agent.davit("rm", "--force", "c")
            }
        }
    }

    @Test func `an unhealthy container is stopped where that is asked for, and tells it`() throws {
        try withImage("busybox") { agent in
            _ = try agent.davit(
                "run", "-d", "--name", "c", "--health-file", "/tmp/well", "--health-interval", "100ms",
                "--health-action", "stop", "busybox:latest", "sh", "-c",
                "mkdir -p /tmp; touch /tmp/well; sleep 1; rm /tmp/well; trap 'exit 9' TERM; while :; do sleep 0.1; done"
            )
            #expect(try agent.davit("wait", "c").output == "9\n")
            let events = try agent.davit("events", "--from", "oldest", "--once").output
            for word in ["container.healthy", "container.unhealthy", "container.exited"] {
                #expect(events.contains(word), "\(events)")
            }
            _ = try agent.davit("rm", "c")
        }
    }
}

extension Agent {
    /// A value of what `inspect` tells, as text.
    func ask(_ container: String, _ path: String) throws -> String {
        let found = try davit("inspect", container).output
        let text = try Command.run("printf '%s' \"$1\" | jq -r \".[0]$2\"", [found, path]).output
        return String(text.dropLast(text.hasSuffix("\n") ? 1 : 0))
    }

    /// Asks until it is so, for ten seconds at most, and answers what it is then.
    func await(_ container: String, _ path: String, _ value: String) throws -> String {
        for _ in 0..<200 {
            if try ask(container, path) == value { return value }
            try Command.pause(milliseconds: 50)
        }
        return try ask(container, path)
    }
}
