import ArgumentParser
import Model
import Testing
import Wire

@testable import davit

/// Options that mean what docker's mean.
struct CommandParsingTests {
    private func spec(_ arguments: String...) throws -> ContainerSpec {
        let command = try #require(try Davit.parseAsRoot(["run"] + arguments) as? Run)
        return try command.container.spec(caller: ["HOME": "/home/me"])
    }

    @Test func `options end at the image, and all behind it is the command`() throws {
        let spec = try spec("--rm", "debian", "ls", "--rm", "-d", "--", "--help")
        #expect(spec.image == "debian")
        #expect(spec.command == ["ls", "--rm", "-d", "--", "--help"])
        #expect(spec.remove)
    }

    @Test func `without a command the image's own runs`() throws {
        #expect(try spec("--", "debian").command == nil)
    }

    @Test func `every option reaches the spec`() throws {
        let spec = try spec(
            "--name", "web", "-e", "A=1", "-e", "B=2", "--env=HOME", "-w", "/srv", "-u", "1000:1000", "--entrypoint",
            "/bin/x",
            "-m512m", "--pids-limit", "64", "--cpus", "1.5", "--net", "host", "--read-only", "-h", "inside", "-l",
            "a=b",
            "--label", "c", "-i", "--stop-timeout", "3", "debian")
        #expect(spec.name?.description == "web")
        #expect(spec.environment == ["A=1", "B=2", "HOME=/home/me"])
        #expect(spec.workingDirectory == "/srv")
        #expect(spec.user == "1000:1000")
        #expect(spec.entrypoint == ["/bin/x"])
        #expect(spec.limits == Limits(memory: 512 << 20, pids: 64, cpus: 1.5))
        #expect(spec.network == "host")
        #expect(spec.readOnly && spec.interactive)
        #expect(spec.hostname == "inside")
        #expect(spec.labels == ["a": "b", "c": ""])
        #expect(spec.stopTimeout == 3)
        #expect(throws: Never.self) { try spec.validate() }
    }

    @Test func `servers and domains for names are docker's options, and a dot alone is no domain`() throws {
        let spec = try spec(
            "--dns", "192.0.2.1", "--dns=2001:db8::1", "--dns-search", "a.b", "--dns-search", "c", "--dns-option",
            "ndots:2", "--dns-opt", "rotate", "debian")
        #expect(
            spec.dns
                == DNSSpec(
                    servers: ["192.0.2.1", "2001:db8::1"], search: ["a.b", "c"], options: ["ndots:2", "rotate"]))
        #expect(throws: Never.self) { try spec.validate() }
        #expect(try self.spec("--dns-search", ".", "debian").dns == DNSSpec(search: []))
        let create = try #require(try Davit.parseAsRoot(["create", "--dns", "192.0.2.1", "debian"]) as? Create)
        #expect(try create.container.spec(caller: [:]).dns == DNSSpec(servers: ["192.0.2.1"]))
    }

    @Test func `what is not given is left to the agent`() throws {
        #expect(try spec("debian") == ContainerSpec(image: "debian"))
    }

    @Test func `an empty entrypoint is none, and -1 process is any number`() throws {
        let spec = try spec("--entrypoint", "", "--pids", "-1", "debian", "true")
        #expect(spec.entrypoint == [])
        #expect(spec.limits.pids == nil)
    }

    @Test(arguments: [
        [], ["-it"], ["--bogus", "debian"], ["-p", "80:", "debian"], ["-m", "much", "debian"],
        ["-e", "=x", "debian"], ["--cpus", "two", "debian"], ["--"],
    ])
    func `what is no run is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Davit.parseAsRoot(["run"] + arguments) }
    }

    @Test func `short flags can be joined`() throws {
        let command = try #require(try Davit.parseAsRoot(["run", "-di", "debian"]) as? Run)
        #expect(command.detach && command.container.interactive)
    }

    @Test(
        arguments: [
            ([], [ContainerPhase.waiting, .starting, .running, .paused, .stopping, .restarting]), (["-a"], nil),
            (["--filter", "status=exited"], [.exited]),
            (["-a", "--filter", "status=failed", "-f", "status=exited"], [.failed, .exited]),
        ] as [([String], [ContainerPhase]?)])
    func `ps shows running ones unless asked for more`(arguments: [String], phases: [ContainerPhase]?) throws {
        let command = try #require(try Davit.parseAsRoot(["ps"] + arguments) as? Ps)
        #expect(command.request.phases == phases)
    }

    @Test(
        arguments: [
            ("now", "now", nil), ("oldest", "oldest", nil), ("17", "17", nil),
            ("1700000000", "oldest", 1_700_000_000_000_000_000),
        ] as [(String, String, Int64?)])
    func `events begin at a word, a cursor or a time`(text: String, from: String, since: Int64?) throws {
        let start = try Events.start(text)
        #expect(start.from == from)
        #expect(start.since?.nanoseconds == since)
    }

    @Test(arguments: [
        ["ps", "--json", "--jsonl"], ["logs", "-f", "--json", "x"], ["events", "--json"], ["start", "-a", "x", "y"],
        ["rm"],
        ["logs", "--tail", "-1", "x"], ["events", "--kind", "container.born"],
    ])
    func `what contradicts itself is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Davit.parseAsRoot(arguments) }
    }
}
