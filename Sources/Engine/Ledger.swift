internal import JSON
public import Linux
internal import Model

/// The containers on disk: one directory for each, one JSON document in it that `jq` can read.
///
/// The home of a container is `containers/ID` below the state directory, or below the run directory (a tmpfs) for one that
/// removes itself. While one runs it also has a run directory, `containers/ID` below the run directory, with a copy of its
/// record and what its monitor writes. Only the agent writes here, and the monitor its two files.
public struct Ledger: Sendable {
    private let state: Directory
    private let run: Directory
    let networks: Shelf
    let services: Shelf
    let policies: Shelf
    /// The run directory as a whole; a tmpfs, so it begins empty with the host.
    private let place: Directory

    /// Makes `containers/` in both directories, `networks/`, `services/` and `policies/` in the first; idempotent.
    public init(state: Directory, run: Directory) throws(Errno) {
        self.state = try state.makeDirectories("containers", mode: 0o700)
        self.run = try run.makeDirectories("containers", mode: 0o711)
        networks = Shelf(directory: try state.makeDirectories("networks", mode: 0o700), thing: "network")
        services = Shelf(directory: try state.makeDirectories("services", mode: 0o700), thing: "service")
        policies = Shelf(directory: try state.makeDirectories("policies", mode: 0o700), thing: "policy")
        place = run
    }

    /// What no container may see of the host: the agent's state, and what it keeps of running containers.
    func closedPlaces() throws(Errno) -> [String] {
        [String(try state.descriptor.currentPath().dropLast("/containers".count)), try run.descriptor.currentPath()]
    }

    // MARK: Homes

    /// Makes a home with its record, durably unless the container removes itself; atomic.
    func create(_ record: ContainerRecord, _ credentials: [String: [UInt8]] = [:]) async throws {
        guard !record.spec.remove else { return }
        try await blocking {
            do {
                let home = try state.makeDirectories(record.id.description, mode: 0o700)
                try write(credentials, in: home)
                try write(record, in: home, durable: true)
                try state.descriptor.synchronize()
            } catch {
                try? state.removeTree(record.id.description)
                throw error
            }
        }
    }

    /// Writes the record anew; atomic and durable. Nothing is written for a container that removes itself.
    func save(_ record: ContainerRecord) async throws {
        guard !record.spec.remove else { return }
        try await blocking { try write(record, in: state.directory(record.id.description), durable: true) }
    }

    /// Writes the record anew wherever there is one, in the home durably and in the run directory.
    func rewrite(_ record: ContainerRecord) async throws {
        try await save(record)
        guard let directory = try? run.directory(record.id.description),
            try directory.statusIfPresent(Self.recordName) != nil
        else { return }
        try write(record, in: directory, durable: false)
    }

    /// Removes a home, and a run directory that was left; no error when there is none.
    ///
    /// The record goes first, and the one that lasts goes last: a crash leaves either the container or what ``load()``
    /// removes.
    func remove(_ record: ContainerRecord) async throws {
        try await blocking {
            try removeHome(record.id.description, in: run)
            guard !record.spec.remove else { return }
            try removeHome(record.id.description, in: state)
            try state.descriptor.synchronize()
        }
    }

    private func removeHome(_ name: String, in place: Directory) throws {
        if let home = try? place.directory(name) { try home.removeIfPresent(Self.recordName) }
        try place.removeTree(name)
    }

    func home(of record: ContainerRecord) throws(Errno) -> Directory {
        try (record.spec.remove ? run : state).directory(record.id.description)
    }

    /// Where the monitor writes the log.
    func logDirectory(of record: ContainerRecord) throws -> Directory {
        guard let home = try? home(of: record) else {
            throw AgentError(.containerWrongState, "the container has no log: it was not started yet")
        }
        return try home.makeDirectories("log", mode: 0o700)
    }

    // MARK: Run directories

    /// Begins a run: from here on a crash finds the container among those that may have something to undo.
    func begin(_ record: ContainerRecord) throws -> RunDirectory {
        // What a container sees in it is mounted into the container, so nobody else has a way to it.
        let directory = try run.makeDirectories(record.id.description, mode: 0o700)
        for stale in [RunDirectory.exitName, RunDirectory.launchedName, RunDirectory.wordsName] {
            try directory.removeIfPresent(stale)
        }
        let files = try directory.makeDirectories("etc", mode: 0o755)
        // The record last: with it the directory counts as a run, and it must be a whole one then.
        try write(record, in: directory, durable: false)
        return RunDirectory(directory: directory, files: files)
    }

    /// The run directory of a container that was started and not cleaned up.
    func run(of id: ContainerID) -> RunDirectory? {
        guard let directory = try? run.directory(id.description), let files = try? directory.directory("etc")
        else { return nil }
        return RunDirectory(directory: directory, files: files)
    }

    func exitRecord(of id: ContainerID) -> ExitRecord? { run(of: id)?.exitRecord() }

    /// Ends a run. The log of a container that removes itself lies here too and stays until `remove`.
    func end(_ id: ContainerID) throws {
        guard let directory = try? run.directory(id.description) else { return }
        // The record first: with it but without the monitor's words the container would look like a lost one.
        for name in [
            Self.recordName, RunDirectory.launchedName, RunDirectory.exitName, RunDirectory.wordsName,
        ] {
            try directory.removeIfPresent(name)
        }
        for tree in ["etc", RunDirectory.notifyName, Self.execsName] { try directory.removeTree(tree) }
        // The log of a container that removes itself may be left.
        do { try run.removeDirectory(id.description) } catch { guard error == .notEmpty else { throw error } }
    }

    // MARK: Execs

    private static let execsName = "exec"
    private static let execRecordName = "exec.json"

    /// Makes the directory of an exec, with its record.
    func begin(_ record: ExecRecord, in id: ContainerID) throws -> RunDirectory {
        let directory = try run.directory(id.description).makeDirectories(
            "\(Self.execsName)/\(record.number)", mode: 0o711)
        try write(record, as: Self.execRecordName, in: directory, durable: false)
        return RunDirectory(directory: directory, files: directory)
    }

    /// What an exec's monitor wrote at the end, if it did.
    func exitRecord(of exec: Int, in id: ContainerID) -> ExitRecord? { run(of: exec, in: id)?.exitRecord() }

    private func run(of exec: Int, in id: ContainerID) -> RunDirectory? {
        guard let directory = try? run.directory("\(id)/\(Self.execsName)/\(exec)") else { return nil }
        return RunDirectory(directory: directory, files: directory)
    }

    /// All execs of a run, in no order; one without a record was half begun, and goes.
    func execs(of id: ContainerID) -> [(ExecRecord, RunDirectory)] {
        let names = (try? run.directory("\(id)/\(Self.execsName)").names()) ?? []
        return names.compactMap { name in
            guard let number = Int(name), let run = run(of: number, in: id) else { return nil }
            let bytes = try? run.directory.read(Self.execRecordName, limit: 4 << 20)
            let record = try? JSONValue(parsing: bytes ?? []).decode(ExecRecord.self, unknownKeys: .ignore)
            guard let record, record.number == number else {
                try? forget(exec: number, of: id)
                return nil
            }
            return (record, run)
        }
    }

    /// Removes the directory of an exec; no error when there is none.
    func forget(exec: Int, of id: ContainerID) throws(Errno) {
        do { try run.directory("\(id)/\(Self.execsName)").removeTree(String(exec)) } catch {
            guard error == .noSuchFile else { throw error }
        }
    }

    // MARK: Loading

    /// Whether this is the first agent since the host came up. True only once.
    func isFirstOfBoot() -> Bool {
        let id = try? Directory(path: "/proc/sys/kernel/random").open("boot_id").readAll(limit: 64)
        guard let id, (try? place.read(Self.bootName, limit: 64)) != id else { return false }
        do { try place.replaceFile(Self.bootName, id) } catch { return false }
        return true
    }

    /// All records, and what was wrong. A damaged one is moved to `containers/ID.damaged` and harms no other; a directory
    /// without a record was half made or half removed, and goes.
    func load() -> (records: [ContainerRecord], problems: [AgentError]) {
        var found: [ContainerID: ContainerRecord] = [:]
        var problems: [AgentError] = []
        // The run directories come last: their copies know the ids of the present run.
        for place in [state, run] {
            for name in (try? place.names()) ?? [] {
                guard let id = try? ContainerID(name) else { continue }
                do {
                    found[id] = try read(id, in: place)
                } catch let errno as Errno where errno == .noSuchFile {
                    try? place.removeTree(name)
                } catch {
                    problems.append(
                        AgentError(.hostFailed, "the record of container \(name) is damaged").caused(by: error))
                    try? place.rename(name, to: name + ".damaged")
                }
            }
        }
        return (found.values.sorted { $0.createdAt < $1.createdAt }, problems)
    }

    private func read(_ id: ContainerID, in place: Directory) throws -> ContainerRecord {
        let bytes = try place.directory(id.description).read(Self.recordName, limit: 4 << 20)
        let record = try JSONValue(parsing: bytes).decode(ContainerRecord.self, unknownKeys: .ignore)
        guard record.id == id else { throw AgentError(.hostFailed, "it tells of container \(record.id)") }
        return record
    }

    func write(
        _ record: some Encodable, as name: String = recordName, in home: Directory, durable: Bool
    ) throws {
        var bytes: [UInt8] = []
        try JSONValue(encoding: record).print(to: &bytes)
        bytes.append(0x0A)
        try home.replaceFile(name, bytes, durable: durable)
    }

    static let recordName = "container.json"
    private static let bootName = "boot"
}

/// Where a running container's volatile files are.
public struct RunDirectory: Sendable {
    static let launchedName = "launched"
    static let exitName = "exit"

    public let directory: Directory
    /// Holds `hostname`, `hosts` and `resolv.conf`.
    public let files: Directory

    /// What the monitor wrote at the end, if it did.
    func exitRecord() -> ExitRecord? {
        guard let bytes = try? directory.read(Self.exitName, limit: 4096),
            let word = try? JSONValue(parsing: bytes).decode(MonitorsLastWord.self, unknownKeys: .ignore)
        else { return nil }
        return ExitRecord(status: word.status, signal: word.signal, oom: word.oom, time: word.time)
    }

    /// What the monitor wrote when the program began.
    func launched() -> (monitor: Int32, pid: Int32, time: Int64)? {
        guard let bytes = try? directory.read(Self.launchedName, limit: 4096),
            let word = try? JSONValue(parsing: bytes).decode(MonitorsFirstWord.self, unknownKeys: .ignore)
        else { return nil }
        return (word.monitor, word.pid, word.time ?? 0)
    }

    /// Whether a monitor is at work that has not written its first word yet.
    func isLaunching() -> Bool {
        guard let file = try? directory.open(Self.launchedName), (try? file.status().size) == 0 else { return false }
        return (try? Lock.isHeld(file)) ?? false
    }

    /// Writes the files for /etc. They belong to the container's root, as they would on a host.
    func write(_ etc: EtcFiles, owner: IDRange?) throws {
        for (name, text) in etc.all {
            try files.replaceFile(name, Array(text.utf8))
            if let owner { try files.changeOwner(name, uid: owner.base, gid: owner.base) }
        }
    }
}

extension Directory {
    func removeIfPresent(_ name: String) throws(Errno) {
        do { try remove(name) } catch { guard error == .noSuchFile else { throw error } }
    }
}

private struct MonitorsFirstWord: Codable {
    var monitor: Int32
    var pid: Int32
    var time: Int64?

    enum CodingKeys: String, CodingKey {
        case monitor, pid
        case time = "time_ns"
    }
}

private struct MonitorsLastWord: Codable {
    var status: Int?
    var signal: Int?
    var oom: Bool
    var time: Int64

    enum CodingKeys: String, CodingKey {
        case status, signal, oom
        case time = "time_ns"
    }
}
