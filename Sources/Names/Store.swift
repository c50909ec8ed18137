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
    /// Whether something could not be read for want of descriptors or memory. It stays as it was until ``readAll()``.
    private(set) var isBehind = false
    /// What was said of each damaged file.
    private var told: [String: [String]] = [:]
    private let complain: (String) -> Void

    /// What a file is found to be.
    private enum Finding<Value> {
        case whole(Value)
        /// There is none, or it is damaged.
        case nothing
        case unread
    }

    /// ENFILE is the whole system's lack of descriptors.
    private static let scarcity: [Errno] = [.tooManyFiles, Errno(rawValue: 23), .noMemory]

    /// Makes the directories where they are missing, and watches them. `complain` is told of a damage once, until the
    /// file is whole again or gone.
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
            if event.events.contains(.overflow) { do { try readAll() } catch { isBehind = true } }
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

    /// Reads everything again, and forgets what is not there any more.
    mutating func readAll() throws(Errno) {
        let networks = try directory.directory("networks").names()
        let entries = try directory.directory("entries").names()
        (isBehind, isIndexed) = (false, false)
        for name in Set(networks).union(networkFiles.keys) { readNetwork(name) }
        for name in Set(entries).union(entryFiles.keys) { readEntry(name) }
    }

    private mutating func readNetwork(_ name: String) {
        switch find("networks", name, Network.init) {
        case .whole(let network):
            networkFiles[name] = network
            tell([], of: "networks/\(name)")
        case .nothing: networkFiles[name] = nil
        case .unread: break
        }
    }

    private mutating func readEntry(_ name: String) {
        switch find("entries", name, Entry.init) {
        case .whole(let entry):
            entryFiles[name] = entry
            tell(entry.unusable.map { "nobody can ask for the name \($0)" }, of: "entries/\(name)")
        case .nothing: entryFiles[name] = nil
        case .unread: break
        }
    }

    private mutating func find<Value>(
        _ kind: String, _ name: String, _ make: (JSONValue) -> Value?
    ) -> Finding<Value> {
        guard name.hasSuffix(".json"), !name.hasPrefix(".") else { return .nothing }
        let path = "\(kind)/\(name)"
        do {
            guard let bytes = try directory.readIfPresent(path, limit: 1 << 20) else {
                tell([], of: path)
                return .nothing
            }
            if let value = make(try JSONValue(parsing: bytes)) { return .whole(value) }
            tell(["it is not what the agent writes, and left out"], of: path)
        } catch let error as Errno where Self.scarcity.contains(error) {
            isBehind = true
            tell(["it can't be read now: \(error)"], of: path)
            return .unread
        } catch {
            tell(["it is left out: \(error)"], of: path)
        }
        return .nothing
    }

    private mutating func tell(_ texts: [String], of path: String) {
        let before = told[path] ?? []
        told[path] = texts.isEmpty ? nil : texts
        for text in texts where !before.contains(text) { complain("\(path): \(text)") }
    }
}
