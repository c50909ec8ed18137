import JSON
import Linux
import Netlink

/// The files that the agent writes, and what they say. A damaged file makes only itself unknown.
struct Store {
    private let directory: Directory
    private let inotify: Inotify
    private let (networksWatch, entriesWatch): (Int32, Int32)
    private var networkFiles: [String: Network] = [:]
    private var entryFiles: [String: Entry] = [:]
    private var isIndexed = false
    private(set) var zone = Zone()

    /// Makes the directories where they are missing, watches them, and reads all of them.
    init(_ directory: Directory) throws(Errno) {
        self.directory = directory
        inotify = try Inotify()
        let changes: Inotify.Events = [.movedTo, .movedFrom, .deleted, .closedAfterWrite]
        networksWatch = try inotify.watch(directory.makeDirectories("networks").descriptor, changes)
        entriesWatch = try inotify.watch(directory.makeDirectories("entries").descriptor, changes)
        try readAll()
    }

    /// Readable when something changed.
    var descriptor: Descriptor { inotify.descriptor }
    /// By name: of two that claim one address the first has it.
    var networks: [Network] { networkFiles.values.sorted { $0.name < $1.name } }

    /// Reads what changed. True when a network did.
    mutating func update() throws(Errno) -> Bool {
        let before = networks
        for event in try inotify.read() {
            if event.events.contains(.overflow) { try readAll() }
            if event.watch == networksWatch { readNetwork(event.name) }
            if event.watch == entriesWatch { readEntry(event.name) }
        }
        isIndexed = false
        return before != networks
    }

    /// What is said to a question.
    mutating func verdict(_ question: Question, from source: IPAddress, at network: Network) -> Zone.Verdict {
        if !isIndexed {
            let sorted = entryFiles.sorted { $0.key < $1.key }.map(\.value)
            zone = Zone(networks: networks, entries: sorted)
            isIndexed = true
        }
        return zone.verdict(question, from: source, at: network)
    }

    private mutating func readAll() throws(Errno) {
        (networkFiles, entryFiles) = ([:], [:])
        for name in try directory.directory("networks").names() { readNetwork(name) }
        for name in try directory.directory("entries").names() { readEntry(name) }
    }

    private mutating func readNetwork(_ name: String) {
        networkFiles[name] = value("networks", name).flatMap { Network($0) }
    }

    private mutating func readEntry(_ name: String) {
        entryFiles[name] = value("entries", name).flatMap { Entry($0) }
    }

    private func value(_ kind: String, _ name: String) -> JSONValue? {
        guard name.hasSuffix(".json"), !name.hasPrefix("."),
            let bytes = try? directory.read("\(kind)/\(name)", limit: 1 << 20)
        else {
            return nil
        }
        return try? JSONValue(parsing: bytes)
    }
}
