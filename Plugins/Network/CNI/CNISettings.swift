import Model

/// The configuration, read: nothing in it can be wrong any more but for what is at its paths.
struct CNISettings: Sendable {
    let confDirs: [String]
    let binDirs: [String]
    let timeout: Duration
    let resolvConf: String

    /// Throws `config.invalid`.
    init(_ configuration: CNIConfiguration) throws(AgentError) {
        confDirs = try Self.directories(configuration.confDirs, "conf_dirs")
        binDirs = try Self.directories(configuration.binDirs, "bin_dirs")
        guard (1...600).contains(configuration.timeout) else {
            throw Self.invalid("timeout \(configuration.timeout) must be 1 to 600 seconds")
        }
        timeout = .seconds(configuration.timeout)
        resolvConf = configuration.resolvConf
    }

    private static func directories(_ paths: [String], _ key: String) throws(AgentError) -> [String] {
        guard !paths.isEmpty else { throw invalid("\(key) is empty: name a directory") }
        for path in paths {
            // CNI_PATH has colons between its directories.
            guard path.hasPrefix("/"), !path.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: ":") }) else {
                throw invalid("\(key) has \"\(path)\", which must be an absolute path without a colon")
            }
        }
        return paths
    }

    private static func invalid(_ problem: String) -> AgentError {
        AgentError(.configInvalid, "network driver cni: \(problem)")
    }
}
