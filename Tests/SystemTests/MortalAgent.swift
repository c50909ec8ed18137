import Linux
import TestSupport
import Testing

/// An agent that can be killed and started again on the same directories.
final class MortalAgent {
    let directory: String
    private let name: String
    private var process: Pidfd?
    private let log: Capture
    /// That of its host, when that is one of its own.
    private let network: Descriptor?

    init(ownNetwork: Bool = false) throws {
        network = ownNetwork ? try NetworkNamespace.make() : nil
        name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        directory = "/tmp/\(name)"
        log = try Capture()
        try Directory(path: "/tmp").makeDirectory(name, mode: 0o755)
        _ = try Command.run(Agent.configure, [directory, Checkout.installed])
        try start()
    }

    func start() throws {
        let script = "exec $3 \"$2/usr/sbin/davitd\" --config \"$1/davitd.json\""
        let agent = try Command.start(script, [directory, Checkout.installed, inside], output: log, error: log)
        process = agent
        for _ in 0..<100 {
            if try Command.run(Self.client, [Checkout.installed, directory, "info"]).succeeded { return }
            if try agent.waitExit(milliseconds: 100) { break }
        }
        throw Agent.Silence(log: try log.text())
    }

    /// The words that run a program on its host; none where that is the tests' own.
    private var inside: String { network.map { "nsenter --net=/proc/\(Process.pid)/fd/\($0.rawValue)" } ?? "" }

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

    /// Waits until something is so, for 20 seconds.
    func until(_ condition: () throws -> Bool) throws {
        for _ in 0..<200 {
            if try condition() { return }
            try Command.pause(milliseconds: 100)
        }
        Issue.record("it does not come to be: \(try log.text())")
    }

    func killNameServer() throws {
        let killed = try Command.run("kill -9 $(jq .pid <\"$1\")", [directory + "/run/names/status.json"])
        #expect(killed.succeeded, "\(killed.error)")
    }

    /// Several clients at once that run a container each, half of which remove themselves.
    func ask(containers count: Int, round: Int, _ options: [String] = []) throws -> [Pidfd] {
        try (0..<count).map { number in
            let words = ["run", "-d"] + (number % 2 == 0 ? ["--rm"] : ["--name", "r\(round)-\(number)"])
            return try Command.start(
                Self.client,
                [Checkout.installed, directory] + words + options + ["busybox:latest", "sleep", "600"],
                output: log, error: log)
        }
    }

    /// Asks, and does not wait for the answer.
    func later(_ words: String...) {
        _ = try? Command.start(Self.client, [Checkout.installed, directory] + words, output: log, error: log)
    }

    /// A file with a text, which goes with the agent's directory.
    func file(_ text: String) throws -> String {
        try Directory(path: directory).replaceFile("text", Array(text.utf8))
        return directory + "/text"
    }

    func removeAll() throws {
        let list = try Command.run(Self.client, [Checkout.installed, directory, "call", "container.list"]).output
        let ids = try Command.run("jq -r '.containers[].id' <\"$1\"", [try file(list)]).output
        for id in ids.split(separator: "\n") { try davit("rm", "--force", String(id)) }
    }

    // MARK: Looking

    private static let status = """
        DAVIT_SOCKET=$2/davit.sock "$1/usr/bin/davit" call driver.get '{"kind":"network","name":"bridge"}' | jq -r .status.message
        """

    /// What the bridge driver says of itself.
    func bridgeStatus() throws -> String { try Command.run(Self.status, [Checkout.installed, directory]).output }

    /// No address is leased, no port published, and nobody's link is left but those that lie ready.
    func assertNothingIsConnected() throws {
        let left = try Command.run(
            """
            tries=100
            look() {
                \(Self.status) | grep -v -e ' 0 of [0-9]* addresses, 0 ports' -e '^ready; '
                [ "$($3 busybox ip -o link | grep -c '@if')" -le 4 ] || $3 busybox ip -o link
            }
            until left=$(look "$1" "$2" "$3"); [ -z "$left" ]; do
                tries=$((tries - 1)); [ $tries -gt 0 ] || break; sleep 0.1
            done
            printf '%s' "$left"
            """, [Checkout.installed, directory, inside])
        #expect(left.output == "", "\(left.error)")
    }

    /// No group, no upper directory, no run directory, no record, no mount and no process of any container.
    func assertNothingIsLeft() throws {
        let left = try Command.run(
            """
            tries=100
            look() {
                ls "$1/state/storage/rootfs" "$1/run/containers" "$1/state/containers" | grep -v ':$' | grep .
                group=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "$2" | head -1)
                find "$group" -mindepth 1 -type d ! -name hold
                # The name server of the networks stays as long as there are networks.
                for pid in $(cat "$group"/hold/cgroup.procs); do
                    case $(cat "/proc/$pid/comm") in davit-resolver) ;; *) echo "$pid" ;; esac
                done
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

func withMortalAgent(ownNetwork: Bool = false, _ body: (MortalAgent) throws -> Void) throws {
    let agent = try MortalAgent(ownNetwork: ownNetwork)
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
