import Linux
import TestSupport
import Testing

/// A person at a terminal, and programs in containers that have one.
@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct TerminalTests {
    struct Scene: Sendable, CustomTestStringConvertible {
        let sentence: String
        /// For `play`: rows, columns, actions, `--`, a command.
        let script: String
        let status: Int
        /// What must have been shown.
        var shown: [String] = []
        var testDescription: String { sentence }
    }

    private static let scenes = [
        Scene(
            sentence: "run -it has a terminal of our size, and its status is ours",
            script: "30 90 see '# ' type 'stty size; exit 7\\n' end -- davit run -it --rm $I sh", status: 7,
            shown: ["30 90"]),
        Scene(
            sentence: "exec -it has a terminal of its own",
            script: "31 91 see '# ' type 'stty size; tty; exit 8\\n' end -- davit exec -it c sh", status: 8,
            shown: ["31 91", "/dev/pts/"]),
        Scene(
            sentence: "a change of our window is seen inside",
            script: """
                30 90 see '# ' type 'stty size\\n' see '30 90' size 40 100 type 'sleep 0.5; stty size\\n' see '40 100' \
                type 'exit\\n' end -- davit exec -it c sh
                """, status: 0),
        Scene(
            sentence: "ctrl-c reaches the program",
            script: """
                30 90 see '# ' type 'sh -c \\x22echo re\\x27\\x27ady; exec sleep 1000\\x22\\n' see ready type '\\x03' see '# ' \
                type 'echo $?; exit 3\\n' see 130 end -- davit exec -it c sh
                """, status: 3),
        Scene(
            sentence: "the keys to leave by leave an exec, which lives on",
            script: "30 90 see '# ' type 'x\\x10\\x11' end -- davit exec -it c sh", status: 0),
        Scene(
            sentence: "the keys to leave by leave a container, and what it showed comes again to who attaches",
            script: """
                30 90 see '# ' type 'echo sa\\x22\\x22id\\n' see said type '\\x10\\x11' end -- davit run -it --name t $I sh
                """, status: 0),
        Scene(
            sentence: "attach shows it again and takes keys",
            script:
                "30 90 see said type '\\n' see '# ' type 'echo ag\\x22\\x22ain\\n' see again type '\\x10\\x11' end -- davit attach t",
            status: 0
        ),
        Scene(
            sentence: "a client that is killed leaves the terminal as it was",
            script: "30 90 see said type '\\n' see '# ' type 'x' kill KILL end -- davit attach t", status: -9),
        Scene(
            sentence: "attach ends with the container's status",
            script: "30 90 see said type '\\n' see '# ' type '\\x15exit 5\\n' end -- davit attach t", status: 5),
    ]

    @Test func `every scene at a terminal`() throws {
        try withImage("busybox") { agent in
            let run = try agent.davit("run", "-d", "--name", "c", "busybox:latest", "sleep", "100000")
            #expect(run.succeeded, "\(run.error)")
            for scene in Self.scenes {
                let said = try shell(agent, "\"$3\"/Tests/Terminal/play \(scene.script)")
                #expect(
                    said.output.hasPrefix("status \(scene.status)\nmode kept\n"),
                    "\(scene.sentence): \(said.output)\(said.error)")
                for text in scene.shown { #expect(said.output.contains(text), "\(scene.sentence): \(said.output)") }
            }
        }
    }

    @Test func `two may watch at once, and a detached terminal is read into the log`() throws {
        try withImage("busybox") { agent in
            let said = try shell(
                agent,
                """
                davit run -dit --name w $I sh >/dev/null
                for n in 1 2; do \
                    "$3"/Tests/Terminal/play 30 90 see common type '\\x10\\x11' end -- davit attach w >watch$n & done
                sleep 1
                "$3"/Tests/Terminal/play 30 90 type '\\n' see '# ' type 'echo com\\x22\\x22mon\\n' see common type '\\x10\\x11' end -- \
                    davit attach w | head -2
                wait; head -qn 1 watch1 watch2; davit logs w | grep -c '^common'
                """)
            #expect(said.output == "status 0\nmode kept\nstatus 0\nstatus 0\n1\n", "\(said.error)")
        }
    }

    @Test func `a program's streams can be a second connection`() throws {
        try withImage("busybox") { agent in
            let said = try shell(
                agent,
                """
                cat >client.py <<'END'
                import json, socket, sys
                def connection():
                    one = socket.socket(socket.AF_UNIX)
                    one.settimeout(20)
                    one.connect("davit.sock")
                    return one
                def ask(one, method, params):
                    one.sendall((json.dumps({"method": method, "params": params}) + "\\n").encode())
                asker, stream = connection(), connection()
                replies = asker.makefile()
                ask(asker, "container.run", {"image": "busybox:latest", "command": ["sh", "-c", "cat; exit 6"],
                                             "interactive": True, "remove": True, "stream": True})
                ask(stream, "stream.join", {"token": json.loads(replies.readline())["progress"]["token"]})
                print(stream.recv(len('{"result":{}}\\n')).decode().strip())
                stream.sendall(b"over and back")
                stream.shutdown(socket.SHUT_WR)
                got = b""
                while more := stream.recv(100):
                    got += more
                print(got.decode())
                print(next(json.loads(line)["result"]["code"] for line in replies if "result" in line))
                END
                timeout 60 python3 client.py
                """)
            #expect(said.output == "{\"result\":{}}\nover and back\n6\n", "\(said.error)")
        }
    }

    private func shell(_ agent: Agent, _ script: String) throws -> Command {
        try Command.run(
            """
            DAVIT_SOCKET=$1/davit.sock; export DAVIT_SOCKET; PATH="$2/usr/bin:$PATH"; cd "$1"; I=busybox:latest
            \(script)
            """, [agent.directory, Checkout.installed, Checkout.root])
    }
}
