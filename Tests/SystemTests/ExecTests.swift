import Linux
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct ExecTests {
    struct Behaviour: Sendable, CustomTestStringConvertible {
        let sentence: String
        let script: String
        let output: String
        var testDescription: String { sentence }

        init(_ sentence: String, _ script: String, _ output: String) {
            (self.sentence, self.script, self.output) = (sentence, script, output)
        }
    }

    private static let behaviours = [
        Behaviour(
            "it sees the container's files and processes", "davit exec c sh -c 'echo $PPID; cat /proc/1/comm'",
            "0\nsleep\n"),
        Behaviour("its output and error are apart", "davit exec c sh -c 'echo out; echo err >&2' 2>/dev/null", "out\n"),
        Behaviour("its status is ours", "davit exec c sh -c 'exit 7'; echo $?", "7\n"),
        Behaviour("its signal is ours", "davit exec c sh -c 'kill -9 $$'; echo $?", "137\n"),
        Behaviour("a program that isn't there", "davit exec c nosuch 2>/dev/null; echo $?", "127\n"),
        Behaviour("a program that can't be run", "davit exec c /etc/passwd 2>/dev/null; echo $?", "126\n"),
        Behaviour("a container that isn't there", "davit exec no true 2>/dev/null; echo $?", "125\n"),
        Behaviour("no program named", "davit exec c 2>/dev/null; echo $?", "125\n"),
        Behaviour("it gets no input unless asked", "echo lost | davit exec c cat; echo $?", "0\n"),
        Behaviour("-i passes input and its end", "printf 'a\\nb\\n' | davit exec -i c cat", "a\nb\n"),
        Behaviour("-i passes a megabyte", "head -c 1000000 /dev/zero | davit exec -i c wc -c", "1000000\n"),
        Behaviour("a megabyte comes out whole", "davit exec c head -c 1000000 /dev/zero | wc -c", "1000000\n"),
        Behaviour("it has the container's environment", "davit exec c sh -c 'echo $A'", "1\n"),
        Behaviour("-e adds to it", "davit exec -e A=2 -e B=3 c sh -c 'echo $A$B'", "23\n"),
        Behaviour("-e NAME takes ours", "X=y davit exec -e X c sh -c 'echo $X'", "y\n"),
        Behaviour("it is in the container's directory", "davit exec c pwd", "/tmp\n"),
        Behaviour("-w is another", "davit exec -w /etc c pwd", "/etc\n"),
        Behaviour("it is root", "davit exec c id -u", "0\n"),
        Behaviour("-u is another by name", "davit exec -u nobody c id -un", "nobody\n"),
        Behaviour("-u is another by number", "davit exec -u 12:34 c sh -c 'echo $(id -u):$(id -g)'", "12:34\n"),
        Behaviour("-u of nobody's name", "davit exec -u nosuch c true 2>/dev/null; echo $?", "125\n"),
        Behaviour(
            "a signal to us is for it",
            """
            davit exec c sh -c 'trap "echo got; exit 3" TERM; echo up; while :; do sleep 0.05; done' >out & \
            until grep -q up out; do sleep 0.05; done; kill -TERM $!; wait $!; echo $?; cat out
            """, "3\nup\ngot\n"),
        Behaviour(
            "killed, it is killed with all that it started",
            """
            davit exec c sh -c "sleep 43$$ & echo up; sleep 43$$" >out & \
            until grep -q up out; do sleep 0.05; done; kill -KILL $!; wait $! 2>/dev/null; \
            for i in $(seq 50); do pgrep -f "^sleep 43$$" >/dev/null || break; sleep 0.1; done; \
            pgrep -f "^sleep 43$$"; echo $?
            """, "1\n"),
        Behaviour(
            "detached, it lives on",
            """
            davit exec -d c sh -c 'sleep 0.3; echo done >/tmp/late' >/dev/null; sleep 1; davit exec c cat /tmp/late
            """, "done\n"),
        Behaviour(
            "a daemon that it left lives on",
            """
            davit exec c sh -c "sleep 54$$ </dev/null >/dev/null 2>&1 &"; sleep 0.3; \
            pgrep -f "^sleep 54$$" >/dev/null; echo $?; pkill -f "^sleep 54$$"
            """, "0\n"),
        Behaviour(
            "its end is kept",
            """
            n=$(davit exec -d c sh -c 'exit 9'); davit call exec.wait "{\\"container\\":\\"c\\",\\"exec\\":\\"$n\\"}" | jq .code
            """, "9\n"),
        Behaviour(
            "its output comes as items to who has no descriptors",
            """
            davit call exec.run '{"container":"c","command":["sh","-c","echo a; echo b >&2"],"output":true}' | \
            jq -r 'select(.stream) | .stream + " " + .text' | grep . | sort
            """, "stderr b\nstdout a\n"),
        Behaviour(
            "a stopped container takes none",
            """
            davit create --name s busybox:latest >/dev/null; davit exec s true 2>&1 | grep -c 'start it first'; davit rm s >/dev/null
            """, "1\n"),
    ]

    @Test func `every behaviour of exec`() throws {
        try withRunning { agent in
            for behaviour in Self.behaviours {
                let said = try shell(agent, behaviour.script)
                #expect(said.output == behaviour.output, "\(behaviour.sentence): \(said.error)")
            }
        }
    }

    @Test func `a thousand execs leave nothing behind`() throws {
        try withRunning { agent in
            let look = """
                agent=$(pgrep -f "davitd --config $1/davitd.json" | head -1); \
                group=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "${1##*/}" | head -1); settled() { \
                [ "$(find "$group" -name 'exec-*' | wc -l)" = 0 ] && [ "$(wc -l <"$group/hold/cgroup.procs")" = 1 ]; }; \
                for i in $(seq 100); do settled && break; sleep 0.1; done; \
                echo $(ls /proc/$agent/fd | wc -l) $(find "$group" -type d | wc -l) $(wc -l <"$group/hold/cgroup.procs")
                """
            let execs = """
                for round in $(seq 20); do for i in $(seq 50); do \
                printf '{"id":%d,"method":"exec.run","params":{"container":"c","command":["true"]}}\\n' $i; done | \
                socat -t 60 - UNIX-CONNECT:"$1/davit.sock" | grep -c '"code":0'; done | sort | uniq -c | tr -s ' '
                """
            _ = try shell(agent, "for i in 1 2 3 4 5; do davit exec c true; done")
            let before = try shell(agent, look)
            let ran = try shell(agent, execs)
            #expect(ran.output == " 20 50\n", "\(ran.error)")
            #expect(try shell(agent, look).output == before.output)
            #expect(try shell(agent, "ls \"$1\"/run/containers/*/exec | wc -l").output == "64\n")
        }
    }

    private func withRunning(_ body: (Agent) throws -> Void) throws {
        try withImage("busybox") { agent in
            let run = try agent.davit(
                "run", "-d", "--name", "c", "-e", "A=1", "-w", "/tmp", "busybox:latest", "sleep", "100000")
            #expect(run.succeeded, "\(run.error)")
            try body(agent)
        }
    }

    private func shell(_ agent: Agent, _ script: String) throws -> Command {
        try Command.run(
            "DAVIT_SOCKET=$1/davit.sock; export DAVIT_SOCKET; PATH=\"$2/usr/bin:$PATH\"; cd \"$1\"; \(script)",
            [agent.directory, Checkout.installed])
    }
}
