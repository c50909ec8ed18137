import Linux
import TestSupport
import Testing

/// A host in namespaces of its own: two networks, `web` (10.88.0.1, fd00::1) and `back` (10.99.0.1), whose containers
/// are addresses of its loopback. All its processes end with the script.
enum Host {
    /// Runs a script after the preamble, and answers what it said; a failing command is an issue.
    static func run(_ script: String, _ input: [String] = []) throws -> [String] {
        let own = try Directory(path: "/proc/self").readLink("exe")
        let built = own.split(separator: "/").dropLast().joined(separator: "/")
        // The tests are run by the binary itself, or by swiftpm's own from elsewhere.
        let beside = "/\(built)/davit-resolver"
        let program =
            (try? Directory(path: "/").open(beside)) == nil ? "\(Checkout.root)/.build/debug/davit-resolver" : beside
        let command = try Command.run(
            "exec unshare --net --mount --pid --fork --kill-child --mount-proc sh -c \"$1\" sh \"$2\"",
            [preamble + script, program], within: 60)
        #expect(command.succeeded, "\(command.output)\(command.error)")
        return command.output.split(separator: "\n").map(String.init)
    }

    private static let preamble = """
        set -eu
        resolver=$1
        d=$(mktemp -d)
        chmod 0755 "$d"
        trap 'rm -rf "$d"' EXIT
        ip link set lo up
        for address in 10.88.0.1 10.88.0.2 10.88.0.3 10.88.0.4 10.99.0.1 10.99.0.2 10.77.0.1; do
            ip address add $address/32 dev lo
        done
        for address in fd00::1 fd00::2; do ip -6 address add $address/128 dev lo nodad; done
        mkdir "$d/networks" "$d/entries"
        mkfifo "$d/hold"
        write() { cat >"$d/$1/.new"; mv "$d/$1/.new" "$d/$1/$2.json"; }
        entry() { # KEY OWNER NETWORK NAMES ADDRESSES
            echo "{\\"owner\\":\\"$2\\",\\"network\\":\\"$3\\",\\"names\\":[$4],\\"addresses\\":[$5]}" | write entries $1
        }
        echo '{"name":"web","listen":["10.88.0.1","fd00::1"],"subnets":["10.88.0.0/20","fd00::/64"],"forward":true}' |
            write networks web
        echo '{"name":"back","listen":["10.99.0.1"],"subnets":["10.99.0.0/24"],"forward":false}' | write networks back
        entry a a web '"db","database"' '"10.88.0.2","fd00::2"'
        entry b b web '"cache"' '"10.88.0.3"'
        entry c c back '"store"' '"10.99.0.2"'
        : >"$d/resolv.conf"
        start() {
            rm -f "$d/status.json"
            "$resolver" "$d" --resolv-conf "$d/resolv.conf" &
            pid=$!
            until grep -q '"listening":\\["10' "$d/status.json" 2>/dev/null; do kill -0 $pid; sleep 0.02; done
        }
        # FROM ARGUMENTS: asks web's server
        ask() { from=$1; shift; dig -b $from @10.88.0.1 +tries=1 +time=8 "$@"; }
        status() { ask 10.88.0.3 "$@" | sed -n 's/.*status: \\([A-Z]*\\).*/\\1/p'; }
        # A server of the host, in python: ADDRESS BODY, which has `packet`, `peer`, `s` and `good(packet)`
        upstream() {
            python3 -c '
        import socket, sys, textwrap
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 53)); open(sys.argv[3], "w").close()
        def good(p): return p[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]) + p[12:p.index(b"\\0", 12) + 5] + (
            bytes([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7]))
        while True:
            packet, peer = s.recvfrom(4096)
            exec(textwrap.dedent(sys.argv[2]))
        ' "$1" "$2" "$d/up" &
            until [ -e "$d/up" ]; do sleep 0.02; done
            rm "$d/up"
        }

        """
}
