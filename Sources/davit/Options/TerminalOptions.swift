import ArgumentParser
import Linux
import Model

/// What `run` and `create` say of a container's terminal.
struct TerminalOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Give the program a terminal.")
    var tty = false

    @OptionGroup var leaving: DetachOptions

    func apply(to spec: inout ContainerSpec) throws { spec.terminal = tty ? true : nil }
}

/// How to leave what runs in a terminal.
struct DetachOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keys that leave the program running (default: $DAVIT_DETACH_KEYS or ctrl-p,ctrl-q).", valueName: "keys"),
        transform: { try DetachKeys($0) })
    var detachKeys: DetachKeys?

    func keys() throws -> DetachKeys {
        if let detachKeys { return detachKeys }
        return try Caller.environment["DAVIT_DETACH_KEYS"].map { try DetachKeys($0) } ?? .standard
    }
}
