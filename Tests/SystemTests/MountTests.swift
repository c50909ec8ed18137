import Linux
import TestSupport
import Testing

/// Mounts and volumes, as a container sees them.
@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct MountTests {
    /// A directory of the host, its root's, with a file of uid 33 and a link to /etc.
    private static let prepare = """
        mkdir -p "$1/host/sub" && echo hello >"$1/host/file" && chown 33:33 "$1/host/file"
        ln -s /etc "$1/host/away"; ln -s host "$1/link"
        """

    struct Case: Sendable, CustomTestStringConvertible {
        let options: [String]
        let script: String
        var output = ""
        var fails = false
        /// What standard error must have.
        var error = ""
        var testDescription: String { (options + [script]).joined(separator: " ") }
    }

    /// `@` is the agent's directory.
    static let cases = [
        Case(options: ["-v", "@/host:/d"], script: "cat /d/file", output: "hello\n"),
        Case(options: ["-v", "@/host:/d"], script: "stat -c %u /d/file /d/sub", output: "33\n0\n"),
        Case(options: ["-v", "@/host:/d:ro"], script: "echo x >/d/new", fails: true, error: "Read-only"),
        Case(options: ["-v", "@/host/file:/one"], script: "cat /one", output: "hello\n"),
        Case(options: ["-v", "@/host:/d:idmap=false"], script: "stat -c %u /d/sub", output: "65534\n"),
        Case(options: ["-v", "@/host:/d"], script: "ls /d/away | grep -c shadow", output: "0\n", fails: true),
        Case(options: ["-v", "@/link:/d"], script: "true", fails: true, error: "is a symbolic link: give"),
        Case(options: ["-v", "@/link/sub:/d"], script: "true", fails: true, error: "is a symbolic link: give"),
        Case(options: ["-v", "@/none:/d"], script: "true", fails: true, error: "make it first"),
        Case(options: ["-v", "@/state:/d"], script: "true", fails: true, error: "belongs to the agent"),
        Case(options: ["-v", "/proc:/d"], script: "true", fails: true, error: "id_map"),
        Case(options: ["-v", "@/host:/a", "-v", "@/host:/a/"], script: "true", fails: true, error: "mount.refused"),
        Case(
            options: ["-v", "@/host:/a/deep/er", "--tmpfs", "/a"], script: "touch /a/x && cat /a/deep/er/file",
            output: "hello\n"),
        Case(
            options: ["--tmpfs", "/t:size=1m,mode=700"],
            script: "stat -c %a /t; dd if=/dev/zero of=/t/x bs=1024 count=900 2>/dev/null && echo fits; "
                + "dd if=/dev/zero of=/t/y bs=1024 count=900 2>/dev/null || echo full", output: "700\nfits\nfull\n"),
        Case(
            options: ["--read-only"], script: "touch /tmp/b && echo ok; touch /c 2>/dev/null || echo sealed",
            output: "ok\nsealed\n"),
        Case(
            options: ["--read-only", "-v", "@/host:/not/in/the/image"],
            script: "cat /not/in/the/image/file; touch /not/x 2>/dev/null || echo sealed", output: "hello\nsealed\n"),
        Case(
            options: ["--mount", "type=image,source=busybox,target=/i"],
            script:
                "test -x /i/bin/sh && echo there; test -e /i/proc || echo bare; touch /i/x 2>/dev/null || echo sealed",
            output: "there\nbare\nsealed\n"),
        Case(options: ["--mount", "type=volume,target=/v"], script: "touch /v/x && echo ok", output: "ok\n"),
    ]

    @Test func `a mount shows what was asked for, or the container is refused`() throws {
        try withImage("busybox", prepare: Self.prepare) { agent in
            for one in Self.cases {
                let options = one.options.map { $0.replacingFirst("@", with: agent.directory) }
                let run = try agent.davit(words: ["run", "--rm"] + options + ["busybox", "sh", "-c", one.script])
                #expect(run.succeeded != one.fails, "\(one): \(run.error)")
                #expect(run.output == one.output, "\(one): \(run.error)")
                #expect(run.error.contains(one.error), "\(one): \(run.error)")
            }
            try #expect(agent.davit("volume", "ls", "-q").output == "")
        }
    }

    @Test func `a file that a container makes on the host is root's there`() throws {
        try withImage("busybox", prepare: Self.prepare) { agent in
            let script = "echo new >/d/new; touch /d/web; chown 33:33 /d/web"
            let run = try agent.davit("run", "--rm", "-v", "\(agent.directory)/host:/d", "busybox", "sh", "-c", script)
            #expect(run.succeeded, "\(run.error)")
            let host = try Directory(path: agent.directory + "/host")
            #expect(try host.status("new").uid == 0)
            #expect(try host.status("web").uid == 33)
        }
    }

    @Test func `a source that becomes a link between create and start is refused`() throws {
        try withImage("busybox", prepare: Self.prepare) { agent in
            let source = agent.directory + "/host/sub"
            try #expect(agent.davit("create", "--name", "c", "-v", "\(source):/d", "busybox", "ls", "/d").succeeded)
            let host = try Directory(path: agent.directory + "/host")
            try host.removeDirectory("sub")
            try host.symlink("/etc", at: "sub")
            let start = try agent.davit("start", "-a", "c")
            #expect(!start.succeeded)
            #expect(start.output == "")
            #expect(start.error.contains("symbolic link"))
        }
    }

    @Test func `a volume keeps what containers write, and is filled from the image once`() throws {
        try withImage("busybox") { agent in
            let sh = { (mount: String, script: String) in
                try agent.davit("run", "--rm", "-v", mount, "busybox", "sh", "-c", script)
            }
            let first = try sh("etc:/etc", "stat -c %u:%a /etc/passwd; rm /etc/group; echo mine >/etc/mine")
            #expect(first.output == "0:644\n", "\(first.error)")
            #expect(
                try sh("etc:/v", "cat /v/mine; ls /v/group 2>/dev/null; test -s /v/passwd && echo filled").output
                    == "mine\nfilled\n")
            #expect(try sh("empty:/etc:nocopy", "test -s /etc/passwd || echo empty").output == "empty\n")
            try #expect(agent.davit("volume", "ls", "-q").output == "empty\netc\n")
        }
    }

    @Test func `a volume is in use until its container is removed`() throws {
        try withImage("busybox") { agent in
            try #expect(agent.davit("volume", "create", "-l", "a=b", "data").output == "data\n")
            try #expect(
                agent.davit("create", "--name", "c", "-v", "data:/d", "-v", "/anon", "busybox", "true").succeeded)
            try #expect(agent.davit("volume", "rm", "data").error.contains("volume.in_use"))
            try #expect(agent.davit("start", "-a", "c").succeeded)
            try #expect(agent.davit("volume", "prune", "-a").output == "")
            try #expect(agent.davit("rm", "-v", "c").succeeded)
            try #expect(agent.davit("volume", "rm", "data").output == "data\n")
            try #expect(agent.davit("volume", "inspect", "data").error.contains("volume.not_found"))
            try #expect(agent.davit("volume", "ls", "-q").output == "")
        }
    }

    @Test func `read-only is read-only all the way down`() throws {
        try withImage("busybox", prepare: Self.prepare) { agent in
            let inner = agent.directory + "/host/sub"
            try #expect(Command.run("mount -t tmpfs davit-test \"$1\" && touch \"$1/there\"", [inner]).succeeded)
            defer { _ = try? Command.run("umount \"$1\"", [inner]) }
            let run = try agent.davit(
                "run", "--rm", "-v", "\(agent.directory)/host:/d:ro", "-v", "\(agent.directory)/host:/top:norecursive",
                "busybox", "sh", "-c", "ls /d/sub; touch /d/sub/x 2>/dev/null || echo sealed; ls /top/sub")
            #expect(run.output == "there\nsealed\n", "\(run.error)")
        }
    }

    @Test func `a later mount of the host appears below a slave, and not below a private one`() throws {
        try withImage("busybox", prepare: Self.prepare) { agent in
            let host = agent.directory + "/host"
            let shared = "mount --bind \"$1\" \"$1\" && mount --make-shared \"$1\""
            try #expect(Command.run(shared, [host]).succeeded)
            defer { _ = try? Command.run("umount -R \"$1\"", [host]) }
            let script = "echo up; until [ -e /d/sub/there ]; do sleep 0.05; done; echo seen; ls /p/sub"
            let ran = try agent.davit(
                "run", "-d", "--name", "c", "-v", "\(host):/d:rslave", "-v", "\(host):/p", "busybox", "sh", "-c", script
            )
            #expect(ran.succeeded, "\(ran.error)")
            let late = "mount -t tmpfs davit-test \"$1/sub\" && touch \"$1/sub/there\""
            try #expect(Command.run(late, [host]).succeeded)
            try #expect(agent.davit("wait", "c").output == "0\n")
            try #expect(agent.davit("logs", "c").output == "up\nseen\n")
        }
    }

    @Test func `a propagation that the source can't give is refused`() throws {
        try withImage("busybox", prepare: Self.prepare) { agent in
            let host = agent.directory + "/host"
            try #expect(Command.run("mount --bind \"$1\" \"$1\" && mount --make-private \"$1\"", [host]).succeeded)
            defer { _ = try? Command.run("umount \"$1\"", [host]) }
            let run = try agent.davit("run", "--rm", "-v", "\(host):/d:rshared", "busybox", "true")
            #expect(run.error.contains("make-rshared"))
        }
    }
}

extension String {
    fileprivate func replacingFirst(_ mark: Character, with text: String) -> String {
        guard let index = firstIndex(of: mark) else { return self }
        return self[..<index] + text + self[self.index(after: index)...]
    }
}
