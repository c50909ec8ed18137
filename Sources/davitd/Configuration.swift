internal import DriverHost
internal import JSON
internal import Linux
internal import Model

/// The agent's settings: `davitd.json` and its drop-ins, later files over earlier ones, key by key.
struct Configuration: Sendable, Hashable, Codable {
    var socket = "/run/davit/davit.sock"
    /// The group whose members may use the socket beside root.
    var group = "davit"
    var stateDirectory = "/var/lib/davit"
    var runDirectory = "/run/davit"
    var driverDirectories = ["/usr/lib/davit/drivers"]
    var monitor = "/usr/libexec/davit/davit-monitor"
    var imageHelper = "/usr/libexec/davit/davit-image"
    var driverHost = "/usr/libexec/davit/davit-driver-host"
    /// The name server of the networks.
    var resolver = "/usr/libexec/davit/davit-resolver"
    /// Where systemd isn't PID 1: the name of the containers' tree below the agent's own cgroup2 directory.
    var cgroup = "davit-pods"
    var drivers = Drivers()
    /// The network of containers that name none.
    var network = "none"
    var userns = UserNamespaces()
    var log = Log()

    struct Drivers: Sendable, Hashable, Codable {
        var storage = "overlay"
        var isolation = "linux"
        /// Settings of single drivers by `KIND/NAME`, such as `storage/overlay`.
        var settings: [String: DriverSettings] = [:]
    }

    struct UserNamespaces: Sendable, Hashable, Codable {
        /// The first host id for containers; the default is where systemd's UIDS-GIDS sets a range apart for them.
        var first = 524_288
        /// How many blocks of 65536 ids: as many containers can run at once.
        var blocks = 4096
    }

    struct Log: Sendable, Hashable, Codable {
        /// Bytes of one file, and how many files are kept of a container.
        var bytes = 16 << 20
        var files = 4
    }
}

// MARK: Decoding, every key optional

extension Configuration {
    enum CodingKeys: String, CodingKey {
        case socket, group, monitor, resolver, cgroup, drivers, network, userns, log
        case stateDirectory = "state_directory"
        case runDirectory = "run_directory"
        case driverDirectories = "driver_directories"
        case imageHelper = "image_helper"
        case driverHost = "driver_host"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.update(&socket, .socket)
        try values.update(&group, .group)
        try values.update(&stateDirectory, .stateDirectory)
        try values.update(&runDirectory, .runDirectory)
        try values.update(&driverDirectories, .driverDirectories)
        try values.update(&monitor, .monitor)
        try values.update(&imageHelper, .imageHelper)
        try values.update(&driverHost, .driverHost)
        try values.update(&resolver, .resolver)
        try values.update(&cgroup, .cgroup)
        try values.update(&drivers, .drivers)
        try values.update(&network, .network)
        try values.update(&userns, .userns)
        try values.update(&log, .log)
    }
}

extension Configuration.Drivers {
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.update(&storage, .storage)
        try values.update(&isolation, .isolation)
        try values.update(&settings, .settings)
    }
}

extension Configuration.UserNamespaces {
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.update(&first, .first)
        try values.update(&blocks, .blocks)
    }
}

extension Configuration.Log {
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.update(&bytes, .bytes)
        try values.update(&files, .files)
    }
}

extension KeyedDecodingContainer {
    fileprivate func update<T: Decodable>(_ value: inout T, _ key: Key) throws {
        if let found = try decodeIfPresent(T.self, forKey: key) { value = found }
    }
}

// MARK: Checking

extension Configuration {
    /// Throws `config.invalid` with the first value that can't be.
    func validate() throws(AgentError) {
        let paths = [
            ("socket", socket), ("state_directory", stateDirectory), ("run_directory", runDirectory),
            ("monitor", monitor), ("image_helper", imageHelper), ("driver_host", driverHost),
            ("resolver", resolver),
        ]
        for (key, path) in paths + driverDirectories.map({ ("driver_directories", $0) }) where !path.hasPrefix("/") {
            throw AgentError(.configInvalid, "\(key) must be an absolute path, not \"\(path)\"")
        }
        let problems: [(Bool, String)] = [
            (socket.utf8.count > 107, "socket is longer than the 107 bytes that a Unix socket's path can have"),
            (cgroup.isEmpty || cgroup.contains("/") || cgroup.hasPrefix("."), "cgroup is one name, without a slash"),
            (
                (try? NetworkName(network)) == nil || network == NetworkConnection.defaultName,
                "network is a network's name"
            ),
            (!(65536...2_000_000_000).contains(userns.first), "userns.first is 65536 to 2000000000"),
            (!(1...28_000).contains(userns.blocks), "userns.blocks is 1 to 28000"),
            (userns.first + userns.blocks * 65536 > 4_294_901_760, "userns.first and userns.blocks pass the last id"),
            (!((64 << 10)...(1 << 40)).contains(log.bytes), "log.bytes is 65536 at least"),
            (!(1...100).contains(log.files), "log.files is 1 to 100"),
        ]
        for (wrong, message) in problems where wrong { throw AgentError(.configInvalid, message) }
    }
}
