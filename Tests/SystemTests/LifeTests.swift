import JSON
import Linux
import TestSupport
import Testing

/// The life of real containers, seen by the command line.
@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct LifeTests {
    @Test func `a container is restarted as its policy has it, and a stop is the end of it`() throws {
        try withImage("busybox") { agent in
            let run = ["run", "-d", "--name", "flap", "--restart", "on-failure:2", "busybox:latest", "sh", "-c"]
            #expect(try agent.davit(words: run + ["echo try; exit 3"]).succeeded)
            #expect(try agent.waitUntil("flap", ".state.phase == \"exited\" and .state.restarts == 2"))
            #expect(try agent.davit("logs", "flap").output == "try\ntry\ntry\n")
            #expect(
                try agent.fact("flap", ".state.exit | [.reason, .status, .last_lines[-1]] | @csv")
                    == "\"exited\",3,\"try\"")
            _ = try agent.davit("rm", "flap")

            let always = ["run", "-d", "--name", "web", "--restart", "always", "busybox:latest", "sleep", "600"]
            #expect(try agent.davit(words: always).succeeded)
            let pid = try agent.fact("web", ".state.pid")
            _ = try Command.run("kill -9 \"$1\"", [pid])
            #expect(try agent.waitUntil("web", ".state.phase == \"running\" and .state.pid != \(pid)"))
            #expect(try agent.davit("stop", "-t", "0", "web").succeeded)
            _ = try Command.run("sleep 0.5")
            #expect(try agent.fact("web", ".state.phase") == "exited")
            #expect(try agent.fact("web", ".state.exit.reason") == "killed")
            _ = try agent.davit("rm", "web")
        }
    }

    @Test func `ps tells of rests and pauses, and a paused container counts no further`() throws {
        try withImage("busybox") { agent in
            let count = [
                "run", "-d", "--name", "count", "busybox:latest", "sh", "-c", "while :; do echo; sleep 0.02; done",
            ]
            #expect(try agent.davit(words: count).succeeded)
            #expect(try agent.davit("pause", "count").succeeded)
            #expect(try agent.davit("ps").output.contains("(Paused)"))
            let before = try agent.davit("logs", "count").output
            _ = try Command.run("sleep 0.3")
            #expect(try agent.davit("logs", "count").output == before)
            #expect(try agent.davit("unpause", "count").succeeded)
            _ = try Command.run("sleep 0.3")
            #expect(try agent.davit("logs", "count").output.count > before.count)
            #expect(try agent.davit("pause", "count").succeeded)
            #expect(try agent.davit("rm", "--force", "count").succeeded)

            let flap = ["run", "-d", "--name", "flap", "--restart", "always", "busybox:latest", "false"]
            #expect(try agent.davit(words: flap).succeeded)
            #expect(try agent.waitUntil("flap", ".state.phase == \"restarting\" and .state.restarts > 3"))
            #expect(try agent.davit("ps").output.contains("Restarting (1)"))
            #expect(try agent.davit("rm", "flap").status == .exited(1), "it is about to start")
            #expect(try agent.davit("rm", "-f", "flap").succeeded)
        }
    }

    @Test func `dependencies start first and stop last`() throws {
        try withImage("busybox") { agent in
            #expect(try agent.davit("create", "--name", "db", "busybox:latest", "sleep", "600").succeeded)
            let web = ["run", "-d", "--name", "web", "--depends-on", "db", "busybox:latest", "sleep", "600"]
            #expect(try agent.davit(words: web).succeeded)
            #expect(try agent.fact("db", ".state.phase") == "running")
            #expect(try agent.davit("stop", "--dependents", "-t", "0", "db").succeeded)
            #expect(try agent.fact("web", ".state.phase") == "exited")
            let lost = try agent.davit("run", "--rm", "--depends-on", "nobody", "busybox:latest", "true")
            #expect(lost.status == .exited(125) && lost.error.contains("nobody"))
            _ = try agent.davit("rm", "web", "db")
        }
    }

    @Test func `restart and rename work on what runs`() throws {
        try withImage("busybox") { agent in
            #expect(try agent.davit("run", "-d", "--name", "old", "busybox:latest", "sleep", "600").succeeded)
            let pid = try agent.fact("old", ".state.pid")
            #expect(try agent.davit("restart", "-t", "0", "old").succeeded)
            #expect(try agent.fact("old", ".state.phase") == "running")
            #expect(try agent.fact("old", ".state.pid") != pid)
            #expect(try agent.davit("rename", "old", "new").succeeded)
            #expect(try agent.fact("new", ".spec.name") == "new")
            #expect(try !agent.davit("inspect", "old").succeeded, "no beginning of an id: those are hexadecimal")
            #expect(try agent.davit("rm", "-f", "new").succeeded)
        }
    }

    @Test func `a process that can't die is told with its kernel stack, and goes when it can`() throws {
        try withImage("busybox") { agent in
            try withFrozenFileSystem(in: agent) { mount, thaw in
                let run = [
                    "run", "-d", "--name", "stuck", "-v", "\(mount):/data", "busybox:latest",
                    "dd", "if=/dev/zero", "of=/data/file",
                ]
                #expect(try agent.davit(words: run).succeeded)
                let pid = try agent.fact("stuck", ".state.pid")
                let waits = "until grep -q '^State:.D' /proc/$1/status; do sleep 0.05; done"
                try #require(try Command.run(waits, [pid], within: 20).succeeded)

                let stopped = try agent.davit("stop", "-t", "0", "stuck")
                #expect(stopped.status == .exited(1) && stopped.error.contains("container.not_stopped"))
                #expect(stopped.error.contains("process \(pid) (dd) is in state D (disk sleep), in the kernel at "))
                let removed = try agent.davit("rm", "-f", "stuck")
                #expect(removed.error.contains("container.not_stopped"), "\(removed.error)")
                #expect(try !agent.davit("ps", "-a").output.contains("stuck"), "its name is free at once")

                try thaw()
                let group = "find /sys/fs/cgroup -maxdepth 4 -path \"*/${1##*/}/*\" -type d ! -name hold | grep ."
                let gone = try Command.run("while \(group); do sleep 0.1; done", [agent.directory], within: 30)
                #expect(gone.succeeded, "it is cleaned up once it can be")
            }
        }
    }
}

/// Runs `body` with a file system that blocks whoever writes to it, also from SIGKILL, until it is thawed.
private func withFrozenFileSystem(
    in agent: Agent, _ body: (_ mount: String, _ thaw: () throws -> Void) throws -> Void
) throws {
    let made = try Command.run(
        """
        set -e; mkdir "$1/mount"; dd if=/dev/zero of="$1/disk" bs=1M count=16 status=none
        mkfs.ext4 -q "$1/disk"; mount -o loop "$1/disk" "$1/mount"; fsfreeze --freeze "$1/mount"
        """, [agent.directory])
    func thaw() throws { _ = try Command.run("fsfreeze --unfreeze \"$1/mount\"", [agent.directory]) }
    defer {
        try? thaw()
        _ = try? Command.run(
            "until umount \"$1/mount\"; do sleep 0.1; done; rm -f \"$1/disk\"", [agent.directory], within: 30)
    }
    try #require(made.succeeded, "\(made.error)")
    try body("\(agent.directory)/mount", thaw)
}

extension Agent {
    /// What jq makes of a container, as text.
    fileprivate func fact(_ container: String, _ filter: String) throws -> String {
        let found = try davit("inspect", container).output
        let text = try Command.run("printf '%s' \"$1\" | jq -r \"$2\"", [found, ".[0] | " + filter]).output
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Asks until the filter gives true, for ten seconds.
    fileprivate func waitUntil(_ container: String, _ filter: String) throws -> Bool {
        for _ in 0..<100 {
            let found = try davit("inspect", container).output
            if try Command.run("printf '%s' \"$1\" | jq -e \"$2\"", [found, ".[0] | " + filter]).succeeded {
                return true
            }
            _ = try Command.run("sleep 0.1")
        }
        return false
    }
}
