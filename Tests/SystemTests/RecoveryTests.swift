import JSON
import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct RecoveryTests {
    @Test func `containers live on when the agent is killed, and it takes them up again`() throws {
        try withMortalAgent { agent in
            let program = "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 7"
            try agent.davit("run", "-d", "--name", "talker", "busybox:latest", "sh", "-c", program)
            try agent.davit("run", "-d", "--name", "sleeper", "busybox:latest", "sleep", "600")
            try agent.davit("run", "-d", "--name", "short", "busybox:latest", "sh", "-c", "sleep 0.3; exit 5")
            let pid = try agent.pid(of: "sleeper")
            agent.kill()
            _ = try Command.run("sleep 0.6")
            try agent.start()
            #expect(try agent.pid(of: "sleeper") == pid)
            #expect(try agent.davit("wait", "short").output == "5\n", "it ended while nobody looked")
            #expect(try agent.davit("wait", "talker").output == "7\n", "it ended later")
            let lines = try agent.davit("logs", "talker").output.split(separator: "\n")
            #expect(lines == (0..<40).map { "line \($0)" })
            for name in ["talker", "short"] { try agent.davit("rm", name) }
            try agent.davit("rm", "--force", "sleeper")
            try agent.assertNothingIsLeft()
        }
    }

    @Test func `execs live on when the agent is killed, and it takes them up again`() throws {
        try withMortalAgent { agent in
            try agent.davit("run", "-d", "--name", "c", "busybox:latest", "sleep", "600")
            try agent.davit("exec", "-d", "c", "sh", "-c", "exit 3")
            try agent.davit("exec", "-d", "c", "sh", "-c", "sleep 0.3; exit 4")
            try agent.davit("exec", "-d", "c", "sh", "-c", "sleep 3; exit 5")
            try agent.davit("exec", "-d", "c", "sleep", "600")
            try agent.davit("call", "exec.wait", "{\"container\":\"c\",\"exec\":\"1\"}")
            agent.kill()
            _ = try Command.run("sleep 0.6")
            try agent.start()
            for (exec, code) in [("1", 3), ("2", 4), ("3", 5)] {
                let said = try agent.davit("call", "exec.wait", "{\"container\":\"c\",\"exec\":\"\(exec)\"}")
                #expect(said.output.contains("\"code\":\(code)"), "\(said.output)")
            }
            try agent.davit("call", "exec.kill", "{\"container\":\"c\",\"exec\":\"4\"}")
            let killed = try agent.davit("call", "exec.wait", "{\"container\":\"c\",\"exec\":\"4\"}")
            #expect(killed.output.contains("\"code\":137"))
            #expect(try agent.davit("exec", "c", "echo", "again").output == "again\n")
            try agent.davit("rm", "--force", "c")
            try agent.assertNothingIsLeft()
        }
    }

    @Test func `restart policies hold over an agent that is killed`() throws {
        try withMortalAgent { agent in
            try agent.davit("run", "-d", "--name", "lasting", "--restart", "always", "busybox:latest", "sleep", "600")
            let failing = ["--restart", "on-failure:40", "busybox:latest", "sh", "-c", "exit 1"]
            try agent.davit(words: ["run", "-d", "--name", "failing"] + failing)
            try agent.davit("run", "-d", "--name", "over", "--restart", "no", "busybox:latest", "sleep", "600")
            try agent.davit(
                "run", "-d", "--name", "stopped", "--restart", "unless-stopped", "busybox:latest", "sleep", "600")
            try agent.davit("stop", "--time", "0", "stopped")
            try agent.until("failing", ".state.phase == \"restarting\" and .state.restarts >= 3")
            let first = try agent.pid(of: "lasting")
            let ended = try [Pidfd(pid: first), Pidfd(pid: agent.pid(of: "over"))]
            agent.kill()
            for process in ended { try process.send(signal: 9) }
            try agent.start()
            try agent.until("lasting", ".state.phase == \"running\" and .state.pid != \(first)")
            try agent.until("failing", ".state.restarts >= 5")
            try agent.until("over", ".state.phase == \"exited\" and .state.exit.signal == 9")
            try agent.until("stopped", ".state.phase == \"exited\"")
            for name in ["lasting", "failing", "over", "stopped"] { try agent.davit("rm", "--force", name) }
            try agent.assertNothingIsLeft()
        }
    }

    @Test func `SIGTERM ends the agent and no container`() throws {
        try withMortalAgent { agent in
            try agent.davit("run", "-d", "--name", "sleeper", "busybox:latest", "sleep", "600")
            let pid = try agent.pid(of: "sleeper")
            try agent.terminate()
            #expect(try Pidfd(pid: pid).isAlive)
            try agent.start()
            #expect(try agent.pid(of: "sleeper") == pid)
            try agent.davit("stop", "--time", "0", "sleeper")
            try agent.davit("rm", "sleeper")
            try agent.assertNothingIsLeft()
        }
    }

    @Test func `an agent that is killed between any two of its lines leaves nothing behind`() throws {
        try withMortalAgent { agent in
            for round in 0..<20 {
                let clients = try agent.ask(containers: 4, round: round)
                _ = try Command.run("sleep 0.0$1", ["\(Int.random(in: 100...140))".dropFirst().description])
                agent.kill()
                for client in clients { try client.end() }
                try agent.start()
                try agent.removeAll()
                try agent.assertNothingIsLeft()
            }
        }
    }
}

/// An agent that can be killed and started again on the same directories.
private final class MortalAgent {
    let directory: String
    private let name: String
    private var process: Pidfd?
    private let log: Capture

    init() throws {
        name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        directory = "/tmp/\(name)"
        log = try Capture()
        try Directory(path: "/tmp").makeDirectory(name, mode: 0o755)
        _ = try Command.run(
            """
            cat >"$1/davitd.json" <<END
            {
                "socket": "$1/davit.sock", "state_directory": "$1/state", "run_directory": "$1/run", "group": "root",
                "driver_directories": ["$2/usr/lib/davit/drivers"], "cgroup": "${1##*/}",
                "monitor": "$2/usr/libexec/davit/davit-monitor",
                "image_helper": "$2/usr/libexec/davit/davit-image",
                "driver_host": "$2/usr/libexec/davit/davit-driver-host"
            }
            END
            """, [directory, Checkout.installed])
        try start()
    }

    func start() throws {
        let script = "exec \"$2/usr/sbin/davitd\" --config \"$1/davitd.json\""
        let agent = try Command.start(script, [directory, Checkout.installed], output: log, error: log)
        process = agent
        for _ in 0..<100 {
            if try Command.run(Self.client, [Checkout.installed, directory, "info"]).succeeded { return }
            if try agent.waitExit(milliseconds: 100) { break }
        }
        throw Agent.Silence(log: try log.text())
    }

    func kill() {
        try? process?.send(signal: 9)
        _ = try? process?.end()
    }

    func terminate() throws {
        try process?.send(signal: 15)
        try process?.end()
    }

    func remove() throws {
        try? removeAll()
        try terminate()
        try Scratch.remove(directory)
    }

    // MARK: Asking

    private static let client = """
        program=$1/usr/bin/davit DAVIT_SOCKET=$2/davit.sock; export DAVIT_SOCKET; shift 2; exec "$program" "$@"
        """

    @discardableResult
    func davit(_ words: String...) throws -> Command { try davit(words: words) }

    @discardableResult
    func davit(words: [String]) throws -> Command {
        let command = try Command.run(Self.client, [Checkout.installed, directory] + words)
        let said = try log.text()
        #expect(command.succeeded, "davit \(words): \(command.error)\(said)")
        return command
    }

    func pid(of container: String) throws -> Int32 {
        let found = try davit("inspect", container).output
        let text = try Command.run("printf '%s' \"$1\" | jq -r '[.. | .pid? // empty | numbers][0]'", [found]).output
        return Int32(text.split(separator: "\n").first ?? "") ?? -1
    }

    /// Waits until what `inspect` tells of a container is so, by a condition of jq's.
    func until(_ container: String, _ condition: String) throws {
        var told = ""
        for _ in 0..<200 {
            told = try davit("inspect", "--json", container).output
            if try Command.run("printf '%s' \"$1\" | jq -e \"$2\"", [told, condition]).succeeded { return }
            try Command.pause(milliseconds: 100)
        }
        Issue.record("\(container) is not so: \(condition): \(told)")
    }

    /// Several clients at once that run a container each, half of which remove themselves.
    func ask(containers count: Int, round: Int) throws -> [Pidfd] {
        try (0..<count).map { number in
            let words = ["run", "-d"] + (number % 2 == 0 ? ["--rm"] : ["--name", "r\(round)-\(number)"])
            return try Command.start(
                Self.client, [Checkout.installed, directory] + words + ["busybox:latest", "sleep", "600"],
                output: log, error: log)
        }
    }

    func removeAll() throws {
        let list = try Command.run(Self.client, [Checkout.installed, directory, "call", "container.list"]).output
        let ids = try Command.run("printf '%s' \"$1\" | jq -r '.containers[].id'", [list]).output
        for id in ids.split(separator: "\n") { try davit("rm", "--force", String(id)) }
    }

    // MARK: Looking

    /// No group, no upper directory, no run directory, no record, no mount and no process of any container.
    func assertNothingIsLeft() throws {
        let left = try Command.run(
            """
            tries=100
            look() {
                ls "$1/state/storage/rootfs" "$1/run/containers" "$1/state/containers" | grep -v ':$' | grep .
                group=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "$2" | head -1)
                find "$group" -mindepth 1 -type d ! -name hold
                cat "$group"/hold/cgroup.procs
                grep "$2" /proc/self/mountinfo
            }
            until left=$(look "$1" "$2"); [ -z "$left" ]; do
                tries=$((tries - 1)); [ $tries -gt 0 ] || break; sleep 0.1
            done
            printf '%s' "$left"
            """, [directory, name])
        let said = try log.text()
        #expect(left.output == "", "\(said)")
    }
}

private func withMortalAgent(_ body: (MortalAgent) throws -> Void) throws {
    let agent = try MortalAgent()
    do {
        let images = try Command.run("\"$1\"/Tests/Images/build 2>/dev/null", [Checkout.root])
        let path = images.output.split(separator: "\n").first.map { "\($0)/busybox.tar" } ?? "busybox"
        try agent.davit("load", "-i", path)
        try body(agent)
    } catch {
        try agent.remove()
        throw error
    }
    try agent.remove()
}
