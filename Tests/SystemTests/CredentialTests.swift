import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct CredentialTests {
    /// Each line is what one check says.
    private static let look = """
        cat /run/secrets/key $CREDENTIALS_DIRECTORY/key
        ls -ln /run/secrets | grep -c '^-r-------- .* 65534 .* key$'
        touch /run/secrets/x 2>/dev/null || echo sealed
        tr '\\0' '\\n' </proc/1/environ | grep -c horse
        grep ' /run/secrets ' /proc/mounts | grep -c 'tmpfs.*ro,.*nosuid,nodev,noexec'
        """

    @Test func `a secret is a file of the program's user and is nowhere else`() throws {
        try withImage("busybox", prepare: "printf 'horse\\n' >\"$1/key\"") { agent in
            let file = agent.directory + "/key"
            let run = try agent.davit(
                "run", "--rm", "-u", "nobody", "--secret", "key=" + file, "busybox:latest", "sh", "-c", Self.look)
            #expect(run.output == "horse\nhorse\n1\nsealed\n0\n1\n", "\(run.error)")
            let other = try agent.davit(
                "run", "-d", "--name", "c", "-u", "nobody", "--secret", "key=" + file, "busybox:latest", "sleep", "100")
            #expect(other.succeeded, "\(other.error)")
            let told =
                try agent.davit("inspect", "c").output + agent.davit("events", "--from", "oldest", "--once").output
            #expect(!told.contains("horse"))
            let kept = try Command.run(
                "grep -rl horse \"$1/state/containers\" \"$1/run\"; true", [agent.directory])
            #expect(kept.output == "")
            _ = try agent.davit("rm", "--force", "c")
        }
    }

    @Test func `what comes from standard input outlives the run, for root alone`() throws {
        try withImage("busybox") { agent in
            let script = """
                program=$1 DAVIT_SOCKET=$2/davit.sock; export DAVIT_SOCKET
                printf horse | "$program" create --name c --credential key=- busybox:latest sh -c "tr a-z A-Z </run/secrets/key"
                """
            let made = try Command.run(script, [Checkout.installed + "/usr/bin/davit", agent.directory])
            #expect(made.succeeded, "\(made.error)")
            for _ in 0..<2 {
                _ = try agent.davit("start", "c")
                _ = try agent.davit("wait", "c")
            }
            #expect(try agent.davit("logs", "c").output == "HORSEHORSE")
            let kept = try Command.run(
                "cd \"$1/state/containers\" && grep -rl horse . | grep -v /log/ | sed 's,./[^/]*/,,'", [agent.directory]
            )
            #expect(kept.output == "credentials/key\n")
            _ = try agent.davit("rm", "c")
            #expect(try Command.run("ls \"$1/state/containers\"", [agent.directory]).output == "")
        }
    }
}

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct HandoverTests {
    @Test func `a program says that it is ready, and its watchdog ends it when it says no more`() throws {
        let program = """
            import os, socket, time
            said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            said.connect(os.environ['NOTIFY_SOCKET'])
            time.sleep(0.3)
            said.send(b'READY=1\\nSTATUS=Serving')
            assert os.environ['WATCHDOG_USEC'] == '1000000' and os.environ['WATCHDOG_PID'] == '1'
            for _ in range(4):
                time.sleep(0.5)
                said.send(b'WATCHDOG=1')
            time.sleep(600)
            """
        try withImage("python") { agent in
            let run = try agent.davit(
                "run", "-d", "--name", "c", "-u", "nobody", "--stop-timeout", "1", "--watchdog", "1s", "python:3", "-c",
                program)
            #expect(run.succeeded, "\(run.error)")
            #expect(try agent.ask("c", ".state.ready") == "false")
            let wait = try agent.davit("wait", "--condition", "ready", "c")
            #expect(wait.succeeded, "\(wait.error)")
            #expect(try agent.ask("c", ".state.message") == "Serving")
            // As PID 1 without a handler it does not hear SIGABRT.
            #expect(["137\n", "134\n"].contains(try agent.davit("wait", "c").output))
            #expect(try agent.ask("c", ".state.message").hasPrefix("watchdog: it said nothing for 1"))
            _ = try agent.davit("rm", "c")
        }
    }

    @Test func `a program serves on a socket that the agent opened, without any network of its own`() throws {
        let program = """
            import os, socket
            assert os.environ['LISTEN_FDS'] == '1' and os.environ['LISTEN_PID'] == str(os.getpid())
            assert os.environ['LISTEN_FDNAMES'] == 'echo'
            server = socket.socket(fileno=3)
            client, _ = server.accept()
            client.sendall(client.recv(100))
            """
        try withImage("python") { agent in
            let path = agent.directory + "/echo.sock"
            let run = try agent.davit(
                "run", "-d", "--name", "c", "--listen", "unix:\(path),name=echo", "python:3", "-c", program)
            #expect(run.succeeded, "\(run.error)")
            for round in 0..<2 {
                // The second finds the program ended: it waits in the queue until it is started again.
                let client = try UnixSocket.connect(path)
                _ = try client.send(Array("hello".utf8))
                if round > 0 { #expect(try agent.davit("start", "c").succeeded) }
                try #require(try client.waitReadable(milliseconds: 20_000))
                #expect(String(decoding: try client.receive(upTo: 100).0, as: UTF8.self) == "hello")
                _ = try agent.davit("wait", "c")
            }
            _ = try agent.davit("rm", "c")
            #expect((try? UnixSocket.connect(path)) == nil)
        }
    }
}
