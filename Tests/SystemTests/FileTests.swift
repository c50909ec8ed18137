import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct FileTests {
    private static let writes = """
        echo hi >/root/a; ln /root/a /root/b; rm /etc/motd; mkdir -p /srv/d/e; ln -s /etc/passwd /srv/d/l; \
        dd if=/dev/zero of=/srv/d/sparse bs=1 count=1 seek=5M 2>/dev/null; chown 33:34 /srv/d/e; chmod 2750 /srv/d/e; \
        touch -d 2001-01-01 /srv/d/e; rm -rf /etc/apt; mkdir /etc/apt; exec sleep 1000
        """

    /// A container that has written, and its agent.
    private func withContainer(_ body: (Agent) throws -> Void) throws {
        try withImage("debian") { agent in
            let run = try agent.davit("run", "-d", "--name", "c", "debian:12", "sh", "-c", Self.writes)
            #expect(run.succeeded, "\(run.error)")
            for _ in 0..<100 where try !agent.davit("diff", "c").output.contains("D /etc/apt/") {
                try Command.pause(milliseconds: 50)
            }
            try body(agent)
        }
    }

    private func shell(_ agent: Agent, _ script: String) throws -> Command {
        try Command.run(
            "DAVIT_SOCKET=$1/davit.sock; export DAVIT_SOCKET; PATH=\"$2/usr/bin:$PATH\"; cd \"$1\"; \(script)",
            [agent.directory, Checkout.installed])
    }

    @Test func `diff tells what was added, changed and deleted, running or stopped`() throws {
        try withContainer { agent in
            let lines = try agent.davit("diff", "c").output.split(separator: "\n").map(String.init)
            for line in [
                "A /root/a", "A /root/b", "D /etc/motd", "C /srv", "A /srv/d", "A /srv/d/e", "A /srv/d/l", "C /etc/apt",
                "D /etc/apt/sources.list.d",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
            #expect(!lines.contains { $0.hasSuffix(" /proc") || $0.hasSuffix("/etc/hosts") })
            try #expect(agent.davit("stop", "-t", "0", "c").succeeded)
            #expect(try agent.davit("diff", "c").output.split(separator: "\n").map(String.init) == lines)
        }
    }

    struct Copy: Sendable, CustomTestStringConvertible {
        let script: String
        let output: String
        var testDescription: String { script }
    }

    private static let copies = [
        Copy(script: "davit cp c:/root/a . && cat a", output: "hi\n"),
        Copy(script: "davit cp c:/root/a x && cat x", output: "hi\n"),
        Copy(script: "davit cp c:/srv/d . && stat -c '%u:%g %a %Y' d/e", output: "33:34 2750 978307200\n"),
        Copy(script: "davit cp c:/srv/d new && ls new", output: "e\nl\nsparse\n"),
        Copy(script: "mkdir old; davit cp c:/srv/d/. old && ls old", output: "e\nl\nsparse\n"),
        Copy(script: "davit cp c:/srv/d/l . && readlink l", output: "/etc/passwd\n"),
        Copy(
            script: "davit cp c:/srv/d/sparse . && stat -c %s sparse && du -k sparse | cut -f1", output: "5242881\n4\n"),
        Copy(script: "davit cp c:/root - | tar t | sort | tail -2", output: "root/a\nroot/b\n"),
        Copy(script: "davit cp c:/root - | tar tv | grep -c 'link to root/a'", output: "1\n"),
        Copy(
            script: "davit cp c:/no/such . 2>&1; echo $?",
            output: "davit: path.not_found: there is no \"/no/such\" in the container\n1\n"),
        Copy(
            script:
                "mkdir h; echo 1 >h/f; chown 5:6 h/f; davit cp h c:/opt && davit cp c:/opt/h - | tar tv --numeric-owner | grep -c ' 5/6 '",
            output: "1\n"),
        Copy(script: "davit cp h/f c:/opt/g && davit cp c:/opt/g - | tar xO", output: "1\n"),
        Copy(script: "davit cp h/. c:/opt/content && davit cp c:/opt/content/f - | tar xO", output: "1\n"),
        Copy(script: "davit cp h c:/root/a 2>/dev/null; echo $?", output: "1\n"),
        Copy(script: "davit cp h/f c:/no/such/f 2>/dev/null; echo $?", output: "1\n"),
        Copy(script: "tar c -C h f | davit cp - c:/mnt && davit cp c:/mnt/f - | tar xO", output: "1\n"),
        // Links of the container lead nowhere but into the container.
        Copy(
            script:
                "ln -s / evil; davit cp evil c:/evil; davit cp h/f c:/evil/escaped; ls /escaped 2>/dev/null; davit cp c:/escaped - | tar xO",
            output: "1\n"),
        Copy(
            script:
                "ln -s ../../../../../../tmp up; davit cp up c:/up; davit cp h/f c:/up/davit-escaped; ls /tmp/davit-escaped 2>/dev/null; davit cp c:/tmp/davit-escaped - | tar xO",
            output: "1\n"),
        Copy(script: "davit cp c:/evil/etc/hostname - | tar xO | head -c 4 | wc -c", output: "4\n"),
    ]

    @Test(arguments: [false, true])
    func `cp keeps owners, times, links and holes, and stays where it belongs`(stopped: Bool) throws {
        try withContainer { agent in
            if stopped { try #expect(agent.davit("stop", "-t", "0", "c").succeeded) }
            for copy in Self.copies where !stopped || !copy.script.contains("hostname") {
                let run = try shell(agent, copy.script)
                #expect(run.output == copy.output, "\(copy.script): \(run.error)")
            }
        }
    }

    @Test func `commit makes an image of what was written, and its configuration is changed as asked`() throws {
        try withContainer { agent in
            let commit = try agent.davit(
                "commit", "-c", "CMD [\"cat\", \"/root/b\"]", "-c", "ENV Z=1", "-m", "a note", "c", "mine:1")
            #expect(commit.output.hasPrefix("sha256:"), "\(commit.error)")
            #expect(try agent.davit("run", "--rm", "mine:1").output == "hi\n")
            let look = "ls /etc/motd /etc/apt 2>/dev/null; stat -c '%u:%g %a %h' /srv/d/e /root/a; echo $Z"
            #expect(
                try agent.davit("run", "--rm", "mine:1", "sh", "-c", look).output
                    == "/etc/apt:\n33:34 2750 2\n0:0 644 2\n1\n")
            // The container goes on, and the image has layers of its parent.
            #expect(try agent.davit("ps", "-q").output.split(separator: "\n").count == 1)
            try #expect(agent.davit("rm", "-f", "c").succeeded)
            #expect(try agent.davit("rmi", "mine:1").output.contains("Deleted"))
        }
    }

    @Test func `export writes the root without what is mounted in it`() throws {
        try withContainer { agent in
            let names = try shell(agent, "davit export c | tar t").output.split(separator: "\n").map(String.init)
            #expect(names.contains("root/a"))
            #expect(names.contains("bin") || names.contains("bin/"))
            #expect(!names.contains { $0.hasPrefix("proc/") && $0 != "proc/" })
            #expect(!names.contains { $0.hasPrefix("sys/") && $0 != "sys/" })
        }
    }
}
