import ArgumentParser
import Linux
import Model

/// What `run` and `create` say of the container to be. Options end at the image.
struct ContainerOptions: ParsableArguments {
    @Option(name: .long, help: "A name for the container.")
    var name: String?

    @Flag(help: "Remove the container when it ends.")
    var rm = false

    @Option(
        name: .shortAndLong, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set a variable; NAME alone takes your own.", valueName: "name[=value]"),
        transform: Assignment.init)
    var env: [Assignment] = []

    @Option(
        parsing: .unconditionalSingleValue, help: ArgumentHelp("Read variables, one a line.", valueName: "file"),
        completion: .file())
    var envFile: [String] = []

    @Option(
        name: [.customShort("w", allowingJoined: true), .long],
        help: ArgumentHelp("The working directory.", valueName: "path"))
    var workdir: String?

    @Option(
        name: [.customShort("u", allowingJoined: true), .long],
        help: ArgumentHelp("Who the program runs as.", valueName: "user[:group]"))
    var user: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Run this instead of the image's entrypoint; \"\" for none.", valueName: "program"))
    var entrypoint: String?

    @Flag(help: "Make the container's root read-only.")
    var readOnly = false

    @Option(name: [.customShort("h", allowingJoined: true), .long], help: "The host name inside.")
    var hostname: String?

    @Option(
        name: .shortAndLong, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set a label.", valueName: "name[=value]"), transform: Assignment.init)
    var label: [Assignment] = []

    @Flag(name: .shortAndLong, help: "Give the program your standard input.")
    var interactive = false

    @Option(help: ArgumentHelp("Seconds between the stop signal and SIGKILL (default: 10).", valueName: "seconds"))
    var stopTimeout: Int?

    @OptionGroup var terminal: TerminalOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "File systems") var mounts: MountOptions
    @OptionGroup(title: "Limits and devices") var limits: LimitOptions
    @OptionGroup(title: "Walls") var walls: SecurityOptions
    @OptionGroup(title: "Life") var life: LifeOptions
    @OptionGroup(title: "Health") var health: HealthOptions
    @OptionGroup(title: "What the program is handed") var handover: HandoverOptions

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The image, then the command to run in it.", valueName: "image [command ...]"))
    var imageAndCommand: [String] = []

    /// Image and command, without the `--` that may stand before them.
    private var operands: ArraySlice<String> {
        imageAndCommand.first == "--" ? imageAndCommand.dropFirst() : imageAndCommand[...]
    }

    /// What stands where the image should is an option that we do not have, or nothing.
    func validate() throws {
        guard let first = imageAndCommand.first, !operands.isEmpty else {
            throw ValidationError("name an image, such as debian:bookworm")
        }
        if first == "--help" { throw CleanExit.helpRequest() }
        guard first == "--" || !first.hasPrefix("-") else {
            throw ValidationError("there is no option \(first)")
        }
    }

    func spec(caller: [String: String]) throws -> ContainerSpec {
        var spec = ContainerSpec(image: operands.first ?? "")
        spec.name = try name.map { try ContainerName($0) }
        spec.command = operands.count > 1 ? Array(operands.dropFirst()) : nil
        spec.entrypoint = entrypoint.map { $0.isEmpty ? [] : [$0] }
        spec.environment = try ([Assignment](environmentFiles: envFile) + env).environment(of: caller)
        spec.workingDirectory = workdir
        spec.user = user
        spec.hostname = hostname
        spec.labels = label.labels
        network.apply(to: &spec)
        spec.readOnly = readOnly
        spec.interactive = interactive
        spec.remove = rm
        spec.stopTimeout = stopTimeout ?? spec.stopTimeout
        try terminal.apply(to: &spec)
        try mounts.apply(to: &spec)
        try limits.apply(to: &spec)
        try walls.apply(to: &spec)
        try life.apply(to: &spec)
        try health.apply(to: &spec)
        try handover.apply(to: &spec)
        return spec
    }
}
