import TestSupport
import Testing

/// The walls around the program, from outside.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
struct SandboxTests {
    @Test func `it is nobody, with one capability, and behind a filter for ever`() throws {
        let said = try Host.run(
            """
            start
            awk '/^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Threads):/ { $1 = $1; print }' \\
                /proc/$pid/status
            """)
        #expect(
            said == [
                "Uid: 65534 65534 65534 65534", "Gid: 65534 65534 65534 65534", "Groups:", "Threads: 1",
                "CapInh: 0000000000000000", "CapPrm: 0000000000000400", "CapEff: 0000000000000400",
                "CapBnd: 0000000000000400", "CapAmb: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2",
            ])
    }

    @Test func `a resolv_conf that becomes a link to another place is read there`() throws {
        let said = try Host.run(
            """
            mount -t tmpfs none /run
            mkdir /run/elsewhere
            upstream 127.0.0.9 's.sendto(good(packet), peer)'
            start
            status example.org
            echo 'nameserver 127.0.0.9' >/run/elsewhere/resolv.conf
            ln -s /run/elsewhere/resolv.conf "$d/link"
            mv -T "$d/link" "$d/resolv.conf"
            status example.org
            rm /run/elsewhere/resolv.conf
            status example.org
            """)
        #expect(said == ["SERVFAIL", "NOERROR", "NOERROR"])
    }

    @Test func `what it says of itself is whole JSON at any time, and counts`() throws {
        let said = try Host.run(
            """
            start
            ask 10.88.0.3 +short db; status nobody.davit.internal; status elsewhere
            python3 -c '
            import json, sys, time
            while True:
                status = json.load(open(sys.argv[1]))
                if status["queries"] == 3: break
                time.sleep(0.05)
            print(status["pid"] == int(sys.argv[2]), status["failed"])
            print(sorted(status["listening"]), *(status[k] for k in ("answered", "forwarded", "servfail")))
            ' "$d/status.json" $pid
            """)
        #expect(
            said == [
                "10.88.0.2", "NXDOMAIN", "SERVFAIL", "True []", "['10.88.0.1', '10.99.0.1', 'fd00::1'] 2 0 1",
            ])
    }

    @Test func `a damaged file is told once, and a name that nobody can ask for is left out`() throws {
        let said = try Host.run(
            """
            exec 2>"$d/said"
            start
            for again in 1 2 3; do echo '{' | write entries bad; done
            entry d d web '"two\\\\nwords","good"' '"10.88.0.7"'
            ask 10.88.0.3 +short good
            entry d d web '"two\\\\nwords","good"' '"10.88.0.7"'
            ask 10.88.0.3 +short good
            grep -c entries/bad.json "$d/said"
            entry bad bad web '"well"' '"10.88.0.8"'
            ask 10.88.0.3 +short well
            echo '[]' | write entries bad
            ask 10.88.0.3 +short good
            exec 2>/dev/null
            grep -o 'entries/.*' "$d/said"
            """)
        #expect(
            said == [
                "10.88.0.7", "10.88.0.7", "1", "10.88.0.8", "10.88.0.7",
                "entries/bad.json: it is left out: byte 2: the text ends where a key in double quotes is expected",
                "entries/d.json: nobody can ask for the name two?words",
                "entries/bad.json: it is not what the agent writes, and left out",
            ])
    }
}
