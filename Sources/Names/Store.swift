import DNSMessage
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
    private let complain: (String) -> Void

    /// Makes the directories where they are missing, and watches them. `complain` is told of what is damaged each time
    /// that it is written.
    init(_ directory: Directory, complain: @escaping (String) -> Void) throws(Errno) {
        (self.directory, self.complain) = (directory, complain)
        inotify = try Inotify()
        let changes: Inotify.Events = [.movedTo, .movedFrom, .deleted, .closedAfterWrite]
        networksWatch = try inotify.watch(directory.makeDirectories("networks").descriptor, changes)
        entriesWatch = try inotify.watch(directory.makeDirectories("entries").descriptor, changes)
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

    /// Forgets what it knew, and reads everything.
    mutating func readAll() throws(Errno) {
        (networkFiles, entryFiles, isIndexed) = ([:], [:], false)
        for name in try directory.directory("networks").names() { readNetwork(name) }
        for name in try directory.directory("entries").names() { readEntry(name) }
    }

    private mutating func readNetwork(_ name: String) {
        networkFiles[name] = value("networks", name) { Network($0) }
    }

    private mutating func readEntry(_ name: String) {
        let entry = value("entries", name) { Entry($0) }
        entryFiles[name] = entry
        for text in entry?.unusable ?? [] { complain("entries/\(name): nobody can ask for the name \(text)") }
    }

    /// Nil for what is not there, and for what is damaged.
    private func value<Value>(_ kind: String, _ name: String, _ make: (JSONValue) -> Value?) -> Value? {
        guard name.hasSuffix(".json"), !name.hasPrefix(".") else { return nil }
        let path = "\(kind)/\(name)"
        do {
            guard let bytes = try directory.readIfPresent(path, limit: 1 << 20) else { return nil }
            if let value = make(try JSONValue(parsing: bytes)) { return value }
            complain("\(path) is not what the agent writes; it is left out")
        } catch {
            complain("\(path) is left out: \(error)")
        }
        return nil
    }
}
