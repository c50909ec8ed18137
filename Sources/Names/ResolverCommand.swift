import Linux

/// The program `davit-resolver`.
public struct ResolverCommand {
    private var directory = ""
    private var resolvConf = "/etc/resolv.conf"
    private var port: UInt16 = 53

    /// Statuses of sysexits.h.
    private enum End {
        static let (usage, failed, alreadyRuns): (Int32, Int32, Int32) = (64, 71, 75)
    }

    /// Where a resolv.conf and what it is a link to are kept by everybody who makes one.
    private static let places = ["/etc", "/run", "/usr/lib"]

    /// Nil for arguments that make no sense; the program's name is not among them.
    private init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--resolv-conf":
                guard let value = rest.popFirst() else { return nil }
                resolvConf = value
            case "--port":
                guard let value = rest.popFirst().flatMap({ UInt16($0) }) else { return nil }
                port = value
            default:
                guard directory.isEmpty, !argument.hasPrefix("-") else { return nil }
                directory = argument
            }
        }
        guard directory.hasPrefix("/"), resolvConf.hasPrefix("/") else { return nil }
    }

    /// Serves until a signal ends the process.
    public static func run(_ arguments: [String]) -> Never {
        guard let command = ResolverCommand(arguments) else {
            end(End.usage, "usage: davit-resolver DIRECTORY [--resolv-conf FILE] [--port PORT], with absolute paths")
        }
        do {
            try command.serve()
            end(End.failed, "the names of \(command.directory) are served no more")
        } catch {
            end(End.failed, "the names of \(command.directory) can't be served: \(error)")
        }
    }

    /// The lock is held as long as this runs. Nothing that others wrote is read before the walls stand.
    private func serve() throws {
        let place = try Directory(path: directory)
        let lock = try Lock(place.open("lock", [.readWrite, .create], mode: 0o600))
        guard lock != nil else { Self.end(End.alreadyRuns, "another davit-resolver serves \(directory)") }
        let resolver = try Resolver(place, resolvConf: resolvConf, port: port, complain: Self.say)
        let parent = "/" + resolvConf.split(separator: "/").dropLast().joined(separator: "/")
        let others = (Self.places + [parent]).compactMap { try? Directory(path: $0) }
        try Sandbox.enter(reading: [place] + others, port: port)
        try resolver.run()
        withExtendedLifetime(lock) {}
    }

    private static func end(_ status: Int32, _ text: String) -> Never {
        say(text)
        Process.exit(status)
    }

    /// One line, whatever the text holds.
    private static func say(_ text: String) {
        let line = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) }
        try? Descriptor.standardError.write("davit-resolver: \(String(line))\n")
    }
}
