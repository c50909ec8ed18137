/// What the command line asks for: `davitd [--config FILE] [--check-config] [--version] [--help]`.
///
/// By hand: the argument parser that the CLI uses would bring Foundation into the agent.
struct Arguments: Equatable {
    enum Task: Equatable {
        case serve, checkConfiguration, showVersion, showHelp
    }

    var task = Task.serve
    var configuration = "/etc/davit/davitd.json"
    /// Whether the file was named, and so must be there.
    var isNamed = false

    static let help = """
        usage: davitd [--config FILE] [--check-config]

          --config FILE    settings to use (default /etc/davit/davitd.json); FILE.d/*.json are drop-ins
          --check-config   read the settings, say what is wrong with them, and exit
          --version        print the version and exit

        See davitd(8) and davitd.json(5).
        """

    init(_ words: some Sequence<String>) throws(WrongUse) {
        var words = words.makeIterator()
        while let word = words.next() {
            switch word {
            case "--config":
                guard let file = words.next() else { throw WrongUse(problem: "--config needs a file") }
                (configuration, isNamed) = (file, true)
            case "--check-config": task = .checkConfiguration
            case "--version": task = .showVersion
            case "--help", "-h": task = .showHelp
            default: throw WrongUse(problem: "unknown argument \"\(word)\"")
            }
        }
    }

    struct WrongUse: Error, Equatable {
        var problem: String
    }
}
