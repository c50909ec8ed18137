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
