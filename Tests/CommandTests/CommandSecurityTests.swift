import ArgumentParser
import Model
import Testing

@testable import davit

struct CommandSecurityTests {
    private func spec(_ arguments: [String]) throws -> ContainerSpec {
        let command = try #require(try Davit.parseAsRoot(["run"] + arguments + ["debian"]) as? Run)
        return try command.container.spec(caller: [:])
    }

    private func security(_ arguments: String...) throws -> SecuritySpec {
        try #require(try spec(arguments).security)
    }

    @Test func `without an option there is nothing to say`() throws {
        #expect(try spec([]).security == nil)
    }

    @Test func `capabilities and privileged are as docker has them`() throws {
        let security = try security(
            "--cap-add", "NET_ADMIN", "--cap-add=CAP_SYS_TIME", "--cap-drop", "ALL", "--privileged")
        #expect(security.capAdd == ["NET_ADMIN", "CAP_SYS_TIME"])
        #expect(security.capDrop == ["ALL"])
        #expect(security.privileged == true)
    }

    @Test(arguments: [
        ("seccomp=unconfined", "unconfined"), ("seccomp=/p.json", "/p.json"), ("seccomp:unconfined", "unconfined"),
        ("apparmor=docker-default", "docker-default"), ("label=disable", "unconfined"),
        ("label=a:b:c:s0:c1,c2", "a:b:c:s0:c1,c2"), ("label=type:web_t", "system_u:system_r:web_t:s0"),
        ("label=level:s0:c1,c2", "system_u:system_r:container_t:s0:c1,c2"),
    ])
    func `a security option is taken`(text: String, value: String) throws {
        let security = try security("--security-opt", text)
        let found = text.hasPrefix("seccomp") ? security.seccomp : security.apparmor ?? security.selinux
        #expect(found == value)
    }

    @Test func `a profile's path is made absolute`() throws {
        let path = try security("--security-opt", "seccomp=p.json").seccomp
        #expect(path?.hasPrefix("/") == true && path?.hasSuffix("/p.json") == true)
    }

    @Test(arguments: [
        ("no-new-privileges", true), ("no-new-privileges:false", false), ("no-new-privileges=true", true),
    ])
    func `new privileges can be allowed and forbidden`(text: String, value: Bool) throws {
        #expect(try security("--security-opt", text).noNewPrivileges == value)
    }

    @Test func `hidden paths can be shown`() throws {
        #expect(try security("--security-opt", "systempaths=unconfined").unmask == ["ALL"])
        #expect(
            try security("--security-opt", "unmask=/proc/kcore:/proc/keys").unmask == ["/proc/kcore", "/proc/keys"])
    }

    @Test func `rules of Landlock add up`() throws {
        let landlock = try security(
            "--landlock", "ro:/usr", "--landlock", "rw:/data", "--landlock", "bind:80", "--landlock", "connect:443",
            "--landlock", "connect:53"
        ).landlock
        #expect(landlock?.readOnly == ["/usr"] && landlock?.readWrite == ["/data"])
        #expect(landlock?.bindPorts == [80] && landlock?.connectPorts == [443, 53])
        #expect(try security("--landlock", "off").landlock?.off == true)
    }

    @Test(arguments: [
        ("host", UserNamespaceSpec(.host)), ("auto", UserNamespaceSpec(.auto)),
        ("100000", UserNamespaceSpec(.range, first: 100_000)),
        ("100000:5000", UserNamespaceSpec(.range, first: 100_000, count: 5000)),
    ])
    func `ids are the container's, the host's or a range`(text: String, expected: UserNamespaceSpec) throws {
        #expect(try security("--userns", text).userns == expected)
    }

    @Test func `what is no wall is no part of security`() throws {
        let spec = try spec([
            "--init", "--ulimit", "nofile=10:20", "--ulimit", "core=-1", "--sysctl", "net.core.somaxconn=7",
            "--shm-size",
            "1m", "--oom-score-adj", "-5", "--group-add", "audio", "--group-add", "7",
        ])
        #expect(spec.security == nil)
        #expect(spec.initProcess == true)
        #expect(
            spec.resourceLimits == [
                ResourceLimit(name: "nofile", soft: 10, hard: 20), ResourceLimit(name: "core", soft: -1, hard: -1),
            ])
        #expect(spec.sysctls == ["net.core.somaxconn": "7"])
        #expect(spec.shmSize == 1 << 20)
        #expect(spec.oomScore == -5)
        #expect(spec.groups == ["audio", "7"])
    }

    @Test(arguments: [
        ["--security-opt", "nonsense"], ["--security-opt", "seccomp="], ["--security-opt", "label=x"],
        ["--landlock", "ro:usr"], ["--landlock", "bind:x"], ["--userns", "keep-id"], ["--userns", "1:2:3"],
        ["--ulimit", "nofile"], ["--ulimit", "files=1"], ["--sysctl", "net.core.somaxconn"],
    ])
    func `what makes no sense is a usage error`(arguments: [String]) {
        #expect(throws: (any Error).self) { try spec(arguments) }
    }

    @Test(arguments: [(0.0, "OK"), (3.14, "MEDIUM"), (10, "DANGEROUS")])
    func `an exposure has a word`(exposure: Double, word: String) {
        #expect(Explain.verdict(exposure).hasSuffix("(\(word))"))
    }
}
