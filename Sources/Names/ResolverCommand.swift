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

    /// CAP_NET_BIND_SERVICE: networks that come later have port 53 too.
    private static let capabilities: [UInt64] = [10]

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
        do throws(Errno) {
            try command.serve()
            end(End.failed, "the names of \(command.directory) are served no more")
        } catch {
            end(End.failed, "the names of \(command.directory) can't be served: \(error)")
        }
    }

    /// The lock is held as long as this runs.
    private func serve() throws(Errno) {
        let place = try Directory(path: directory)
        let lock = try Lock(place.open("lock", [.readWrite, .create], mode: 0o600))
        guard lock != nil else { Self.end(End.alreadyRuns, "another davit-resolver serves \(directory)") }
        try Process.keepOnly(capabilities: Self.capabilities)
        try Resolver(place, resolvConf: resolvConf, port: port).run()
        withExtendedLifetime(lock) {}
    }

    private static func end(_ status: Int32, _ text: String) -> Never {
        try? Descriptor.standardError.write("davit-resolver: \(text)\n")
        Process.exit(status)
    }
}
