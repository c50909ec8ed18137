import TestSupport
import Testing

/// Servers of the host that are as they are.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
struct UpstreamTests {
    @Test func `when one refuses the next is asked, and what all refuse is passed on`() throws {
        let said = try Host.run(
            """
            printf 'nameserver 127.0.0.8\\nnameserver 127.0.0.9\\n' >"$d/resolv.conf"
            upstream 127.0.0.8 'g = good(packet)[:-16]; s.sendto(g[:3] + bytes([133]) + g[4:7] + bytes(5) + g[12:], peer)'
            upstream 127.0.0.9 '
            g = good(packet)
            if b"two" in packet: g = g[:3] + bytes([130]) + g[4:7] + bytes(5) + g[12:-16]
            s.sendto(g, peer)'
            start
            ask 10.88.0.3 +short example.org
            status two.org
            echo 'nameserver 127.0.0.8' >"$d/resolv.conf"
            status example.org
            """)
        #expect(said == ["192.0.2.7", "SERVFAIL", "REFUSED"])
    }

    @Test func `one that is silent is asked last for a while`() throws {
        let said = try Host.run(
            """
            printf 'nameserver 127.0.0.8\\nnameserver 127.0.0.9\\n' >"$d/resolv.conf"
            upstream 127.0.0.8 "open('$d/heard', 'a').write('x')"
            upstream 127.0.0.9 's.sendto(good(packet), peer)'
            start
            ask 10.88.0.3 +short example.org; ask 10.88.0.3 +short example.net; ask 10.88.0.3 +short example.com
            wc -c <"$d/heard"
            """)
        #expect(said == ["192.0.2.7", "192.0.2.7", "192.0.2.7", "1"])
    }

    @Test func `what is truncated stays so by UDP, and is whole by TCP`() throws {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            upstream 127.0.0.9 '
            g = good(packet)
            s.sendto(g[:2] + bytes([g[2] | 2]) + g[3:7] + bytes(5) + g[12:-16], peer)'
            python3 -c '
            import socket, sys
            server = socket.create_server(("127.0.0.9", 53)); open(sys.argv[1], "w").close()
            while True:
                s, _ = server.accept()
                p = s.recv(4096)
                end = p.index(b"\\0", 14) + 5
                g = p[2:4] + bytes([129, 128, 0, 1, 0, 1, 0, 0, 0, 0]) + p[14:end] + bytes(
                    [192, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 8])
                # Piece by piece: the length alone, a part, the rest.
                f = len(g).to_bytes(2, "big") + g
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for piece in f[:1], f[1:20], f[20:]: s.sendall(piece)
                s.close()
            ' "$d/up" &
            until [ -e "$d/up" ]; do sleep 0.02; done
            start
            ask 10.88.0.3 +ignore example.org | grep -o 'flags: qr tc rd ra'
            ask 10.88.0.3 +short example.org
            ask 10.88.0.3 +tcp +short example.net
            """)
        #expect(said == ["flags: qr tc rd ra", "192.0.2.8", "192.0.2.8"])
    }

    @Test func `an answer from elsewhere, to another question, or with another id is not taken`() throws {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            upstream 127.0.0.9 '
            g = good(packet)
            other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); other.bind(("127.0.0.8", 53))
            other.sendto(g[:-1] + b"A", peer); other.close()
            s.sendto(g[:13] + bytes([g[13] ^ 1]) + g[14:-1] + b"B", peer)
            s.sendto(bytes([g[0] ^ 255]) + g[1:-1] + b"C", peer)
            s.sendto(g[:2] + bytes([1]) + g[3:-1] + b"D", peer)
            s.sendto(g[:20], peer); s.sendto(b"", peer)
            s.sendto(g, peer)'
            start
            ask 10.88.0.3 +short example.org
            """)
        #expect(said == ["192.0.2.7"])
    }

    @Test func `without forwarding nobody is asked`() throws {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            upstream 127.0.0.9 "open('$d/heard', 'w').close()"
            start
            for name in example.org single -x\\ 192.0.2.1; do dig -b 10.99.0.2 @10.99.0.1 $name | grep -o NXDOMAIN; done
            [ ! -e "$d/heard" ]
            """)
        #expect(said == ["NXDOMAIN", "NXDOMAIN", "NXDOMAIN"])
    }

    @Test func `who has servers of its own gets their answers, by UDP and TCP, and the others those of the host's`()
        throws
    {
        let said = try Host.run(
            """
            echo 'nameserver 127.0.0.9' >"$d/resolv.conf"
            for number in 7 8 9; do
                upstream 127.0.0.$number "s.sendto(good(packet)[:-1] + bytes([$number]), peer)"
            done
            python3 -c '
            import socket, sys
            server = socket.create_server(("127.0.0.7", 53)); open(sys.argv[1], "w").close()
            while True:
                s, _ = server.accept()
                p = s.recv(4096)
                g = p[2:4] + bytes([129, 131]) + p[6:8] + bytes(6) + p[14:p.index(b"\\0", 14) + 5]
                s.sendall(len(g).to_bytes(2, "big") + g)
                s.close()
            ' "$d/up" &
            until [ -e "$d/up" ]; do sleep 0.02; done
            own() { # KEY ADDRESSES SERVERS
                echo "{\\"owner\\":\\"$1\\",\\"network\\":\\"web\\",\\"names\\":[\\"$1\\"],
                    \\"addresses\\":[$2],\\"servers\\":[$3]}" | write entries $1
            }
            own own '"10.88.0.4","fd00::2"' '"127.0.0.7"'
            start
            ask 10.88.0.4 +short example.org; ask 10.88.0.3 +short example.org
            dig -b fd00::2 @fd00::1 +tries=1 +time=8 +short example.org
            status() { ask $1 +tcp example.org | sed -n 's/.*status: \\([A-Z]*\\).*/\\1/p'; }
            status 10.88.0.4
            # Names of containers stay theirs, and a change counts at once.
            ask 10.88.0.4 +short db
            own own '"10.88.0.4"' '"127.0.0.6","127.0.0.8"'
            ask 10.88.0.4 +short example.org
            own own '"10.88.0.4"' ''
            ask 10.88.0.4 +short example.org
            own own '"10.88.0.4"' '"dns.example.org"'
            ask 10.88.0.3 +short own.davit.internal
            """)
        #expect(
            said == [
                "192.0.2.7", "192.0.2.9", "192.0.2.7", "NXDOMAIN", "10.88.0.2", "192.0.2.8", "192.0.2.9",
            ])
    }

    @Test func `a network without a way out has none by a container's own servers`() throws {
        let said = try Host.run(
            """
            upstream 127.0.0.7 's.sendto(good(packet), peer)'
            echo '{"owner":"own","network":"back","names":["own"],"addresses":["10.99.0.2"],"servers":["127.0.0.7"]}' |
                write entries own
            start
            dig -b 10.99.0.2 @10.99.0.1 +tries=1 +time=8 example.org | sed -n 's/.*status: \\([A-Z]*\\).*/\\1/p'
            """)
        #expect(said == ["NXDOMAIN"])
    }
}
