import Linux
import TestSupport
import Testing

@testable import Names

/// The program with real sockets, asked by dig, getaddrinfo and clients of the tests.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
struct ResolverTests {
    @Test(arguments: ["+notcp", "+tcp"])
    func `names have addresses and addresses have names`(transport: String) throws {
        let said = try Host.run(
            """
            start
            for name in db database db.davit.internal; do ask 10.88.0.3 \(transport) +short $name; done
            ask 10.88.0.3 \(transport) +short AAAA db
            ask 10.88.0.3 \(transport) +short -x 10.88.0.2
            ask 10.88.0.3 \(transport) +short -x fd00::2
            dig -b fd00::2 @fd00::1 \(transport) +short cache
            """)
        #expect(
            said == [
                "10.88.0.2", "10.88.0.2", "10.88.0.2", "fd00::2", "db.davit.internal.", "db.davit.internal.",
                "10.88.0.3",
            ])
    }

    @Test func `what is not there has its codes, and the case of the question is kept`() throws {
        let said = try Host.run(
            """
            start
            status nobody.davit.internal; status AAAA cache.davit.internal; status -x 10.88.0.9; status TXT db
            ask 10.88.0.3 +noall +answer DB.Davit.Internal | tr -s '\\t ' ' '
            ask 10.88.0.3 +noall +authority nobody.davit.internal | grep -c SOA
            dig -b 10.99.0.2 @10.99.0.1 example.org | grep -o NXDOMAIN
            """)
        #expect(
            said == [
                "NXDOMAIN", "NOERROR", "NXDOMAIN", "NOERROR", "DB.Davit.Internal. 5 IN A 10.88.0.2", "1", "NXDOMAIN",
            ])
    }

    @Test func `a name of several has all addresses, each first in its turn`() throws {
        let said = try Host.run(
            """
            start
            entry d d web '"many"' '"10.88.0.8"'; entry e e web '"many"' '"10.88.0.9"'
            ask 10.88.0.3 +short many | wc -l
            for i in 1 2 3 4; do ask 10.88.0.3 +short many | head -n 1; done | sort | uniq -c | tr -s ' '
            """)
        #expect(said == ["2", " 2 10.88.0.8", " 2 10.88.0.9"])
    }

    @Test func `an answer that does not fit is truncated, and whole by TCP or in a larger datagram`() throws {
        let said = try Host.run(
            """
            start
            list=$(seq -s '",\"' -f '10.88.1.%.0f' 100)
            entry d d web '"many"' "\\"$list\\""
            ask 10.88.0.3 +noedns +ignore many | grep -c 'flags: qr aa tc'
            ask 10.88.0.3 +bufsize=4096 +ignore +short many | wc -l
            ask 10.88.0.3 +short many | grep -c '^10'
            """)
        #expect(said == ["1", "100", "100"])
    }

    @Test func `networks do not see one another, and whoever is in both sees both`() throws {
        let said = try Host.run(
            """
            start
            status store.davit.internal
            dig -b 10.99.0.2 @10.99.0.1 db.davit.internal | grep -o NXDOMAIN
            dig -b 10.99.0.2 @10.88.0.1 +tries=1 +time=1 db | grep -o 'no servers\\|timed out' | head -n 1
            dig -b 10.77.0.1 @10.88.0.1 +tcp +tries=1 +time=1 +short db | grep -c '^10' || true
            entry c2 c web '"store"' '"10.88.0.4"'
            ask 10.88.0.4 +short store | sort
            dig -b 10.99.0.2 @10.99.0.1 +short db
            """)
        #expect(said == ["NXDOMAIN", "NXDOMAIN", said[2], "0", "10.88.0.4", "10.99.0.2", "10.88.0.2"])
        #expect(["no servers", "timed out"].contains(said[2]))
    }

    @Test func `entries and networks come and go, and damage is of one file`() throws {
        let said = try Host.run(
            """
            start
            echo '{' | write entries bad
            entry d d web '"late"' '"10.88.0.7"'; ask 10.88.0.3 +short late
            rm "$d/entries/d.json"; status late.davit.internal
            echo '{"name":"new","listen":["10.77.0.1"],"subnets":["10.77.0.0/24"],"forward":false}' | write networks new
            entry n n new '"me"' '"10.77.0.9"'
            until dig -b 10.77.0.1 @10.77.0.1 +tries=1 +time=1 +short me | grep '^10'; do :; done
            rm "$d/networks/new.json"
            while dig -b 10.77.0.1 @10.77.0.1 +tries=1 +time=1 +short me | grep -q '^10'; do :; done
            ask 10.88.0.3 +short db
            """)
        #expect(said == ["10.88.0.7", "NXDOMAIN", "10.77.0.9", "10.88.0.2"])
    }

    @Test func `getaddrinfo and a client that asks for both families at once are served`() throws {
        let said = try Host.run(
            """
            start
            printf 'nameserver 10.88.0.1\\nsearch davit.internal\\n' >"$d/own"
            mount --bind "$d/own" /etc/resolv.conf
            getent ahosts database | awk '{ print $1 }' | sort -u
            getent hosts 10.88.0.2 | tr -s ' '
            getent ahosts nobody || echo $?
            busybox nslookup database.davit.internal | sed -n 's/^Address: //p' | sort
            python3 -c '
            import socket
            print(*sorted({a[4][0] for a in socket.getaddrinfo("database", 80)}))
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.88.0.3", 0)); s.settimeout(5)
            for i, t in (1, 1), (2, 28):
                s.sendto(bytes([0, i, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2]) + b"db\\0" + bytes([0, t, 0, 1]), ("10.88.0.1", 53))
            print(*sorted(s.recv(512)[1] for _ in range(2)))
            '
            """)
        #expect(
            said == [
                "10.88.0.2", "fd00::2", "10.88.0.2 db.davit.internal", "2", "10.88.0.2", "fd00::2",
                "10.88.0.2 fd00::2", "1 2",
            ])
    }

    @Test func `other names are asked of the servers of the host`() throws {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            upstream 127.0.0.9 'g = good(packet); s.sendto(bytes([g[0] ^ 1]) + g[1:-1] + b"X", peer); s.sendto(g, peer)'
            start
            ask 10.88.0.3 +short example.org
            printf 'nameserver 10.88.0.1\\nnameserver 127.0.0.8\\nnameserver 127.0.0.9\\n' >"$d/resolv.conf"
            upstream 127.0.0.8 'pass'
            ask 10.88.0.3 +short example.net
            echo 'nameserver 127.0.0.7' >"$d/resolv.conf"
            status example.com
            """)
        #expect(said == ["192.0.2.7", "192.0.2.7", "SERVFAIL"])
    }

    @Test func `a connection takes several queries, and other names go on by TCP`() throws {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            start
            python3 -c '
            import socket, threading
            def whole(s, n):
                got = b""
                while len(got) < n:
                    piece = s.recv(n - len(got))
                    if not piece: raise SystemExit("closed")
                    got += piece
                return got
            def message(s): return whole(s, int.from_bytes(whole(s, 2), "big"))
            def framed(m): return len(m).to_bytes(2, "big") + m
            def query(i, name): return bytes([0, i, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(name)]) + name + bytes([0, 0, 1, 0, 1])
            def serve():
                s, _ = server.accept()
                m = message(s)
                s.sendall(framed(m[:2] + bytes([0x81, 0x83]) + m[4:]))
            server = socket.create_server(("127.0.0.9", 53))
            threading.Thread(target=serve, daemon=True).start()
            s = socket.create_connection(("10.88.0.1", 53), 8, ("10.88.0.3", 0))
            sent = framed(query(1, b"db")) + framed(query(2, b"cache"))
            s.sendall(sent[:9]); s.sendall(sent[9:])
            print(*(m[1] for m in (message(s), message(s))), flush=True)
            s.sendall(framed(query(3, b"elsewhere")))
            s.shutdown(socket.SHUT_WR)
            m = message(s)
            print(m[1], m[3] & 15, s.recv(1) == b"")
            '
            """)
        #expect(said == ["1 2", "3 3 True"])
    }

    @Test func `an address that is taken is tried again, and told until then`() throws {
        let said = try Host.run(
            """
            start
            python3 -c '
            import socket, sys
            s = socket.create_server(("10.77.0.1", 53)); open(sys.argv[1], "w").close(); sys.stdin.read()
            ' "$d/held" <"$d/hold" &
            exec 3>"$d/hold"
            until [ -e "$d/held" ]; do sleep 0.02; done
            echo '{"name":"new","listen":["10.77.0.1"],"subnets":["10.77.0.0/24"],"forward":false}' | write networks new
            until grep -o '"failed":\\[{"address":"10.77.0.1"' "$d/status.json"; do sleep 0.05; done
            exec 3>&-
            until grep -q '"listening":.*"10.77.0.1".*"failed":\\[\\]' "$d/status.json"; do sleep 0.05; done
            entry n n new '"me"' '"10.77.0.9"'
            dig -b 10.77.0.1 @10.77.0.1 +short me
            """)
        #expect(said == ["\"failed\":[{\"address\":\"10.77.0.1\"", "10.77.0.9"])
    }

    @Test func `it is killed and started again, and is never there twice`() throws {
        let said = try Host.run(
            """
            start
            "$resolver" "$d" 2>"$d/said" || echo $?
            grep -c 'another davit-resolver' "$d/said"
            kill -9 $pid; wait $pid || true
            start
            ask 10.88.0.3 +short db
            """)
        #expect(said == ["75", "1", "10.88.0.2"])
    }

    @Test func `two thousand damaged queries do it no harm`() throws {
        let said = try Host.run(
            """
            start
            python3 -c '
            import random, socket
            r = random.Random(53)
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.88.0.3", 0))
            whole = bytes([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2]) + b"db\\0" + bytes([0, 1, 0, 1, 0, 0, 41, 4, 208]) + bytes(6)
            for i in range(2000):
                p = bytearray(whole)
                for _ in range(r.randint(1, 4)): p[r.randrange(len(p))] = r.randrange(256)
                s.sendto(bytes(p[: r.randint(0, len(p))] if i % 3 else p), ("10.88.0.1", 53))
            '
            kill -0 $pid
            ask 10.88.0.3 +short db
            """)
        #expect(said == ["10.88.0.2"])
    }
}
