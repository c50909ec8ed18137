import TestSupport
import Testing

/// What is too much, or not meant well.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
struct BoundsTests {
    @Test func `a thousand entries come and go`() throws {
        let said = try Host.run(
            """
            start
            python3 -c '
            import os, sys
            for i in range(1000):
                path = f"{sys.argv[1]}/entries/k{i}.json"
                with open(path + ".tmp", "w") as f:
                    names = f"\\"n{i}\\",\\"all\\"" if i < 50 else f"\\"n{i}\\""
                    f.write(f"{{\\"owner\\":\\"o{i}\\",\\"network\\":\\"web\\",\\"names\\":[{names}],"
                            f"\\"addresses\\":[\\"10.88.{i // 250 + 1}.{i % 250 + 1}\\"]}}")
                os.rename(path + ".tmp", path)
            ' "$d"
            ask 10.88.0.3 +short n0; ask 10.88.0.3 +short n999; ask 10.88.0.3 +short -x 10.88.4.250
            ask 10.88.0.3 +short all | wc -l
            kill -9 $pid; wait $pid || true; start
            ask 10.88.0.3 +short n999
            rm "$d"/entries/k*.json
            status n999.davit.internal; ask 10.88.0.3 +short db
            """)
        #expect(
            said == [
                "10.88.1.1", "10.88.4.250", "n999.davit.internal.", "50", "10.88.4.250", "NXDOMAIN", "10.88.0.2",
            ])
    }

    @Test func `a name of both families takes turns in each`() throws {
        let said = try Host.run(
            """
            start
            entry d d web '"many"' '"10.88.0.8","fd00::8"'; entry e e web '"many"' '"10.88.0.9","fd00::9"'
            for i in 1 2 3 4; do ask 10.88.0.3 +short many | head -n 1; ask 10.88.0.3 +short AAAA many | head -n 1; done |
                sort | uniq -c | tr -s ' '
            """)
        #expect(said == [" 2 10.88.0.8", " 2 10.88.0.9", " 2 fd00::8", " 2 fd00::9"])
    }

    @Test func `whoever takes all it can get leaves the others their share`() throws {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            upstream 127.0.0.9 'if b"quiet" not in packet: s.sendto(good(packet), peer)'
            start
            python3 -c '
            import socket, subprocess
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.88.0.3", 0)); s.settimeout(8)
            for i in range(1000):
                s.sendto(bytes([i >> 8, i & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5]) + b"quiet\\0" + bytes([0, 1, 0, 1]),
                         ("10.88.0.1", 53))
                if i == 64: print(s.recv(512)[3] & 15)
            held = [socket.create_connection(("10.88.0.1", 53), 8, ("10.88.0.3", 0)) for _ in range(20)]
            closed = [c for c in held[8:] if c.recv(1) == b""]
            print(len(closed), flush=True)
            for how in "+notcp", "+tcp":
                subprocess.run(["dig", "-b", "10.88.0.4", "@10.88.0.1", "+short", how, "db"], check=True)
            subprocess.run(["dig", "-b", "10.88.0.4", "@10.88.0.1", "+short", "example.org"], check=True)
            '
            """)
        #expect(said == ["2", "12", "10.88.0.2", "10.88.0.2", "192.0.2.7"])
    }

    @Test func `a client that is slow to read gets all answers, one that never reads is left`() throws {
        let said = try Host.run(
            """
            list=$(seq -s '",\"' -f '10.88.1.%.0f' 250)
            entry d d web '"many"' "\\"$list\\""
            start
            python3 -c '
            import socket, time
            def client():
                s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                s.bind(("10.88.0.3", 0)); s.settimeout(20); s.connect(("10.88.0.1", 53))
                return s
            def query(i): return b"\\0\\x16" + bytes([0, i, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4]) + b"many\\0" + bytes([0, 1, 0, 1])
            slow = client()
            for i in range(50): slow.sendall(query(i))
            got = b""
            while len(got) < 50 * (2 + 22 + 250 * 16): got += slow.recv(1000)
            print(len(got) // 50, sorted({got[i * 4024 + 3] for i in range(50)}) == list(range(50)))
            never = client()
            try:
                while True: never.sendall(query(0) * 100)
            except OSError as error: print(not isinstance(error, TimeoutError))
            '
            ask 10.88.0.3 +short db
            """)
        #expect(said == ["4024 True", "True", "10.88.0.2"])
    }

    @Test func `a connection on which nothing comes is closed`() throws {
        let said = try Host.run(
            """
            start
            python3 -c '
            import socket
            idle, begun = (socket.create_connection(("10.88.0.1", 53), 8, ("10.88.0.3", 0)) for _ in range(2))
            begun.sendall(bytes([0, 20, 0, 1]))
            for s in idle, begun:
                s.settimeout(40)
                print(s.recv(1) == b"")
            '
            """)
        #expect(said == ["True", "True"])
    }

    @Test func `damaged messages by UDP and TCP leave no descriptor and no memory behind`() throws {
        let said = try Host.run(
            """
            start
            python3 -c '
            import os, random, re, socket, sys
            r, pid = random.Random(54), sys.argv[1]
            def open_files(): return len(os.listdir(f"/proc/{pid}/fd"))
            def memory(): return int(re.search("VmRSS:[^0-9]*([0-9]+)", open(f"/proc/{pid}/status").read())[1])
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.88.0.3", 0)); s.settimeout(20)
            plain = bytes([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2]) + b"db\\0" + bytes([0, 1, 0, 1])
            whole = plain[:11] + b"\\1" + plain[12:] + bytes([0, 0, 41, 4, 208]) + bytes(6)
            # Pointers of names into themselves and beyond.
            loops = [plain[:12] + bytes([192, to]) + bytes([0, 1, 0, 1]) for to in (12, 13, 0, 255)]
            def damaged():
                p = bytearray(r.choice([whole, plain] + loops))
                for _ in range(r.randint(1, 6)): p[r.randrange(len(p))] = r.randrange(256)
                return bytes(p[: r.randint(0, len(p))] if r.random() < 0.3 else p) + r.randbytes(r.choice([0, 0, 3, 900]))
            def asked():
                # In its turn: all before it were looked at. Replies to the damaged ones may come first.
                s.sendto(b"\\xab\\xcd" + plain[2:], ("10.88.0.1", 53))
                while s.recv(4096)[:2] != b"\\xab\\xcd": pass
            def bombard(count):
                for i in range(count):
                    s.sendto(damaged(), ("10.88.0.1", 53))
                    if i % 50 == 49: asked()
                for _ in range(count // 20):
                    with socket.create_connection(("10.88.0.1", 53), 20, ("10.88.0.3", 0)) as c:
                        d = damaged()
                        c.sendall(r.choice([len(d), len(d), 0, 65535]).to_bytes(2, "big") + d + r.randbytes(r.randrange(40)))
                        if r.random() < 0.5: c.shutdown(socket.SHUT_WR)
                asked()
            before = open_files()
            bombard(4000)
            first = memory()
            bombard(16000)
            while open_files() > before: asked()
            print(open_files() - before, memory() - first < 1024, memory() < 65536)
            ' $pid
            ask 10.88.0.3 +short db
            """)
        #expect(said == ["0 True True", "10.88.0.2"])
    }

    @Test func `without descriptors it rests, answers by UDP, and does later what it could not`() throws {
        let said = try Host.run(
            """
            start
            free=0; while [ -e /proc/$pid/fd/$free ]; do free=$((free + 1)); done
            # As the same user, for which no capability is needed.
            files() { setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --pid $pid --nofile=$1:; }
            files $free
            dig -b 10.88.0.3 @10.88.0.1 +tcp +tries=1 +time=40 +short db >"$d/tcp" &
            waiting=$!
            # 10.88.0.1, port 53, established: it waits to be accepted, as poll has told before what comes now.
            until grep -q '0100580A:0035 [0-9A-F:]* 01 ' /proc/net/tcp; do sleep 0.02; done
            ask 10.88.0.3 +short db
            # One that turns on the spot never sleeps.
            asleep=0
            until [ $asleep = 20 ]; do
                [ "$(sed 's/.*) \\(.\\).*/\\1/' /proc/$pid/stat)" = S ] && asleep=$((asleep + 1))
                sleep 0.01
            done
            # What can't be read stays as it was.
            entry b b web '"other"' '"10.88.0.3"'; entry d d web '"late"' '"10.88.0.7"'
            ask 10.88.0.3 +short cache; status late.davit.internal
            files 4096
            wait $waiting; cat "$d/tcp"
            until ask 10.88.0.3 +short late | grep 10.88; do :; done
            ask 10.88.0.3 +short other; status cache.davit.internal
            """)
        #expect(
            said == ["10.88.0.2", "10.88.0.3", "NXDOMAIN", "10.88.0.2", "10.88.0.7", "10.88.0.3", "NXDOMAIN"])
    }
}
