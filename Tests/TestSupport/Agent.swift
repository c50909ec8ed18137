internal import Linux
internal import Testing

/// An agent on directories of its own, with the installed programs; where PID 1 is not systemd.
public final class Agent: Sendable {
    /// Where its socket, state and run directories are.
    public let directory: String
    private let process: Pidfd
    private let log: Capture

    /// Starts one and waits until it answers. `prepare` is shell that runs before, with the agent's directory as `$1` and
    /// the installed tree as `$2`.
    ///
    /// With `ownNetwork` it has a network namespace of its own, where `inNetwork` runs what is to be on its host.
    public init(prepare: String = "", ownNetwork: Bool = false) throws {
        directory = "/tmp/davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        log = try Capture()
        try Directory(path: "/tmp").makeDirectory(String(directory.dropFirst(5)), mode: 0o755)
        let script = """
            \(Self.configure)
            \(prepare)
            \(ownNetwork ? Self.enterNetwork : "exec") "$2/usr/sbin/davitd" --config "$1/davitd.json"
            """
        process = try Command.start(script, [directory, Checkout.installed], output: log, error: log)
        try waitUntilItAnswers()
    }

    /// Shell that writes the configuration of an agent with the directory `$1` and the installed tree `$2`.
    public static let configure = """
        cat >"$1/davitd.json" <<END
        {
            "socket": "$1/davit.sock", "state_directory": "$1/state", "run_directory": "$1/run", "group": "root",
            "driver_directories": ["$2/usr/lib/davit/drivers"], "cgroup": "${1##*/}",
            "monitor": "$2/usr/libexec/davit/davit-monitor",
            "image_helper": "$2/usr/libexec/davit/davit-image",
            "driver_host": "$2/usr/libexec/davit/davit-driver-host",
            "resolver": "$2/usr/libexec/davit/davit-resolver"
        }
        END
        """

    private static let enterNetwork = "exec unshare --net sh -c 'busybox ip link set lo up; exec \"$@\"' sh"

    /// Runs a script in the agent's network namespace.
    public func inNetwork(_ script: String) throws -> Command {
        try Command.run("exec nsenter --net=/proc/\"$1\"/ns/net sh -c \"$2\"", ["\(process.number)", script])
    }

    /// Whether a shared object is in its memory.
    public func holds(_ object: String) throws -> Bool {
        let maps = try Directory(path: "/proc/\(process.number)").read("maps", limit: 16 << 20)
        return String(decoding: maps, as: UTF8.self).contains("/\(object)")
    }

    private func waitUntilItAnswers() throws {
        for _ in 0..<100 {
            if try davit("info").succeeded { return }
            if try process.waitExit(milliseconds: 100) { break }
        }
        throw Silence(log: try log.text())
    }

    /// An agent that does not answer, or not as it should.
    public struct Silence: Error {
        let log: String

        public init(log: String) { self.log = log }
    }

    /// Runs the command line client; words are passed as they are.
    public func davit(_ words: String...) throws -> Command { try davit(words: words) }

    /// Runs the command line client; words are passed as they are.
    public func davit(words: [String]) throws -> Command {
        try Command.run(
            "program=$1 DAVIT_SOCKET=$2/davit.sock; export DAVIT_SOCKET; shift 2; exec \"$program\" \"$@\"",
            [Checkout.installed + "/usr/bin/davit", directory] + words)
    }

    /// What the agent wrote to standard error.
    public func said() throws -> String { try log.text() }

    /// Ends the agent and whatever still runs in its containers, and removes its directory and its cgroups.
    public func stop() throws {
        try process.send(signal: 15)
        try process.end()
        try Scratch.remove(directory)
    }
}

/// Runs `body` with an agent that has loaded one of the test images.
public func withImage(
    _ file: String, prepare: String = "", ownNetwork: Bool = false, _ body: (Agent) throws -> Void
) throws {
    let agent = try Agent(prepare: prepare, ownNetwork: ownNetwork)
    do {
        let images = try Command.run("\"$1\"/Tests/Images/build 2>/dev/null", [Checkout.root])
        let path = images.output.split(separator: "\n").first.map { "\($0)/\(file).tar" } ?? file
        let loaded = try agent.davit("load", "-i", path)
        guard loaded.succeeded else { throw Agent.Silence(log: loaded.error + (try agent.said())) }
        try body(agent)
    } catch {
        Issue.record("the agent said: \((try? agent.said()) ?? "")")
        try agent.stop()
        throw error
    }
    try agent.stop()
}
