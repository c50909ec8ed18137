import ArgumentParser
import Model
import Testing

@testable import davit

/// How to say how a container is to be watched.
struct CommandHealthTests {
    private func spec(_ arguments: [String]) throws -> ContainerSpec {
        let command = try #require(try Davit.parseAsRoot(["run"] + arguments + ["debian"]) as? Run)
        return try command.container.spec(caller: [:])
    }

    static let probes: [([String], HealthSpec.Probe, Int?, String?, [String]?)] = [
        (["--health-cmd", "pg_isready -q"], .command, nil, nil, ["/bin/sh", "-c", "pg_isready -q"]),
        (["--health-tcp", "5432"], .tcp, 5432, nil, nil),
        (["--health-http", "8080"], .http, 8080, nil, nil),
        (["--health-http=8080/health?a=b"], .http, 8080, "/health?a=b", nil),
        (["--health-unix", "/run/x.sock"], .unix, nil, "/run/x.sock", nil),
        (["--health-file", "/run/ready"], .file, nil, "/run/ready", nil),
        (["--no-healthcheck"], .none, nil, nil, nil),
        (["--health-cmd", "none"], .none, nil, nil, nil),
    ]

    @Test(arguments: probes)
    func `each kind of probe reaches the spec`(
        _ words: [String], _ probe: HealthSpec.Probe, _ port: Int?, _ path: String?, _ command: [String]?
    ) throws {
        let spec = try spec(words)
        let health = try #require(spec.health)
        #expect(health.probe == probe)
        #expect(health.port == port)
        #expect(health.path == path)
        #expect(health.command == command)
        #expect(throws: Never.self) { try spec.validate() }
    }

    @Test func `times, retries and the action reach the spec, in docker's spelling and podman's`() throws {
        let health = try spec([
            "--health-tcp", "80", "--health-interval", "1m30s", "--health-timeout=500ms", "--health-start-period", "2",
            "--health-retries", "5", "--health-on-failure", "kill",
        ]).health
        #expect(health?.interval == 90)
        #expect(health?.timeout == 0.5)
        #expect(health?.startPeriod == 2)
        #expect(health?.retries == 5)
        #expect(health?.action == .stop)
        #expect(try spec(["--health-tcp", "80", "--health-action", "restart"]).health?.action == .restart)
    }

    @Test(arguments: [
        ["--health-tcp", "80", "--health-file", "/x"], ["--no-healthcheck", "--health-tcp", "80"],
        ["--health-interval", "3s"], ["--health-http", "/health"], ["--health-tcp", "80", "--health-interval", "soon"],
        ["--health-tcp", "80", "--health-interval", "3x"], ["--health-tcp", "80", "--health-action", "panic"],
        ["--health-cmd", ""],
    ])
    func `what can't be meant is refused`(_ words: [String]) throws {
        #expect(throws: (any Error).self) { try spec(words) }
    }

    @Test(arguments: [
        ["--health-tcp", "0"], ["--health-tcp", "65536"], ["--health-file", "x"], ["--health-http", "80/a b"],
        ["--health-tcp", "80", "--health-interval", "0"], ["--health-tcp", "80", "--health-retries", "0"],
    ])
    func `what the agent would refuse is a spec that does not validate`(_ words: [String]) throws {
        let spec = try spec(words)
        #expect(throws: AgentError.self) { try spec.validate() }
    }
}

/// What the program is handed.
struct CommandHandoverTests {
    private func spec(_ arguments: [String]) throws -> ContainerSpec {
        let command = try #require(try Davit.parseAsRoot(["run"] + arguments + ["debian"]) as? Run)
        return try command.container.spec(caller: [:])
    }

    static let credentials: [([String], CredentialSpec)] = [
        (["--secret", "key=/etc/key"], CredentialSpec(name: "key", source: "/etc/key")),
        (["--secret", "id=key,src=/etc/key"], CredentialSpec(name: "key", source: "/etc/key")),
        (["--secret", "type=file,source=/etc/a=b,id=key"], CredentialSpec(name: "key", source: "/etc/a=b")),
        (["--credential", "key:/etc/key"], CredentialSpec(name: "key", source: "/etc/key")),
        (["--credential", "key=-"], CredentialSpec(name: "key")),
        (["--secret", "key=k"], CredentialSpec(name: "key", source: Caller.directory + "/k")),
    ]

    @Test(arguments: credentials)
    func `each spelling of a credential is understood`(_ words: [String], _ credential: CredentialSpec) throws {
        let spec = try spec(words)
        #expect(spec.credentials == [credential])
        #expect(throws: Never.self) { try spec.validate() }
    }

    @Test(arguments: [
        ["--secret", "key"], ["--secret", "id=key"], ["--secret", "id=key,src=/x,uid=3"],
        ["--secret", "id=key,type=env"],
        ["--credential", "key=value"], ["--credential", "key"], ["--credential", "a=-", "--credential", "b=-"],
        ["-i", "--credential", "a=-"], ["--listen", "80"], ["--listen", "tcp:localhost:80"],
        ["--listen", "tcp:1.2.3.4:80,fd=3"], ["--watchdog", "soon"],
    ])
    func `what can't be meant is refused`(_ words: [String]) throws {
        #expect(throws: (any Error).self) { try spec(words) }
    }

    @Test(arguments: [
        ["--secret", "../key=/etc/key"], ["--secret", "a=/x", "--credential", "a:/y"], ["--watchdog", "0"],
    ])
    func `what the agent would refuse is a spec that does not validate`(_ words: [String]) throws {
        let spec = try spec(words)
        #expect(throws: AgentError.self) { try spec.validate() }
    }

    @Test func `sockets, readiness and the watchdog reach the spec`() throws {
        let spec = try spec(["--listen", "tcp:0.0.0.0:80,name=http", "--listen=unix:/run/x", "--watchdog", "2s"])
        #expect(
            spec.listen == [
                ListenSpec(address: "tcp:0.0.0.0:80", name: "http"), ListenSpec(address: "unix:/run/x"),
            ])
        #expect(spec.notify == NotifySpec(watchdog: 2))
        #expect(try self.spec(["--notify"]).notify == NotifySpec())
    }
}
