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

    @Test func `an agent that is killed while it connects and disconnects leaks nothing of the network`() throws {
        try withMortalAgent(ownNetwork: true) { agent in
            for round in 0..<12 {
                let ports = ["--network", "bridge", "-p", "80", "-p", "53/udp"]
                let clients = try agent.ask(containers: 4, round: round, ports)
                if round % 2 == 1 {
                    for client in clients { try client.end() }
                    agent.later("rm", "--force", "r\(round)-1", "r\(round)-3")
                }
                _ = try Command.run("sleep 0.0$1", ["\(Int.random(in: 100...140))".dropFirst().description])
                agent.kill()
                for client in clients where round % 2 == 0 { try client.end() }
                try agent.start()
                try agent.removeAll()
                try agent.assertNothingIsLeft()
                try agent.assertNothingIsConnected()
            }
        }
    }

    @Test func `names are answered while the agent is away, and after the name server was killed`() throws {
        try withMortalAgent(ownNetwork: true) { agent in
            try agent.davit("run", "-d", "--name", "one", "--network", "bridge", "busybox:latest", "sleep", "600")
            let watch = """
                while :; do nslookup one.davit.internal | grep -q 'Name:.*one' && echo there >>/said; sleep 0.1; done
                """
            try agent.davit(
                "run", "-d", "--name", "asker", "--network", "bridge", "busybox:latest", "sh", "-c", watch)
            let count = { try agent.davit("exec", "asker", "cat", "/said").output.split(separator: "\n").count }
            try agent.until { try count() > 2 }
            agent.kill()
            _ = try Command.run("sleep 1")
            try agent.start()
            let before = try count()
            #expect(before > 6)
            try agent.killNameServer()
            try agent.until { try count() > before + 5 }
            try agent.davit("run", "-d", "--name", "two", "--network", "bridge", "busybox:latest", "sleep", "600")
            let answer = try agent.davit("exec", "one", "nslookup", "two.davit.internal").output
            #expect(answer.contains("Name:"))
            try agent.removeAll()
            try agent.assertNothingIsLeft()
            try agent.assertNothingIsConnected()
        }
    }

    @Test func `policies hold while the agent is away, and for whom it starts afterwards`() throws {
        try withMortalAgent(ownNetwork: true) { agent in
            let serve = ["httpd", "-f", "-p", "80", "-h", "/etc"]
            try agent.davit(
                words: ["run", "-d", "--name", "db", "--label", "app=db", "--network", "bridge", "busybox:latest"]
                    + serve)
            let ask =
                "for name in $NAMES; do wget -q -O - http://$name/hostname 2>&1; done | grep -c refused >>/said"
            let watch = "while :; do \(ask); sleep 0.1; done"
            try agent.davit("policy", "create", "--deny", "--from", "label=app=shop", "--to", "label=app=db", "walls")
            try agent.davit(
                "run", "-d", "--name", "shop", "--label", "app=shop", "--network", "bridge", "-e", "NAMES=db db2",
                "busybox:latest", "sh", "-c", watch)
            let said = { try agent.davit("exec", "shop", "cat", "/said").output.split(separator: "\n") }
            try agent.until { try said().count > 2 }
            agent.kill()
            _ = try Command.run("sleep 1")
            try agent.start()
            try agent.davit(
                words: ["run", "-d", "--name", "db2", "--label", "app=db", "--network", "bridge", "busybox:latest"]
                    + serve)
            // Both are refused in the end, and the first was all the time.
            try agent.until { try said().last == "2" }
            #expect(try said().allSatisfy { $0 == "1" || $0 == "2" })
            try agent.davit("policy", "rm", "walls")
            try agent.until { try said().last == "0" }
            try agent.removeAll()
            try agent.assertNothingIsLeft()
            try agent.assertNothingIsConnected()
        }
    }

    @Test func `five hundred containers on one network come and go, and every count is zero again`() throws {
        try withMortalAgent(ownNetwork: true) { agent in
            let script = """
                program=$1/usr/bin/davit DAVIT_SOCKET=$2/davit.sock; export DAVIT_SOCKET program
                seq 500 | xargs -P 16 -I{} "$program" run -d --name c{} --network bridge -p 80 busybox:latest sleep 6000
                """
            let started = try Command.run(script, [Checkout.installed, agent.directory], within: 300)
            #expect(started.output.split(separator: "\n").count == 500, "\(started.error)")
            #expect(try agent.bridgeStatus().contains("500 of 4093 addresses, 1000 ports"))
            let addresses = try agent.davit("call", "container.list").output
            let count = try Command.run(
                "jq '[.containers[].state.network.addresses[0]] | unique | length' <\"$1\"",
                [try agent.file(addresses)])
            #expect(count.output == "500\n")
            try agent.removeAll()
            try agent.assertNothingIsLeft()
            try agent.assertNothingIsConnected()
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
