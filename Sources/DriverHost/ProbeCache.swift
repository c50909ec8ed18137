internal import JSON
internal import Linux

/// The drivers that were tried out well, by file and configuration; a JSON file that may be lost at any time.
///
/// Failures are not remembered: their reason may be gone at the next start.
struct ProbeCache {
    private struct Entry: Hashable, Codable {
        var file: FileIdentity
        var configuration: JSONValue
        var abi: UInt32
    }

    private struct File: Codable {
        var passed: [Entry]
    }

    private let path: String?
    private var passed: Set<Entry> = []
    private var used: Set<Entry> = []

    /// An unreadable or damaged file counts as empty.
    init(path: String?) {
        self.path = path
        guard let path, let bytes = try? Directory(path: "/").read(path, limit: 1 << 20),
            let file = try? JSONValue(parsing: bytes).decode(File.self)
        else { return }
        passed = Set(file.passed)
    }

    mutating func knows(_ driver: DriverFile, _ configuration: JSONValue) -> Bool {
        let entry = Self.entry(driver, configuration)
        guard passed.contains(entry) else { return false }
        used.insert(entry)
        return true
    }

    mutating func remember(_ driver: DriverFile, _ configuration: JSONValue) {
        used.insert(Self.entry(driver, configuration))
    }

    /// Writes what was asked for or learnt; what nobody asked for is gone. A failure costs only time at the next start.
    func save() {
        guard let path, used != passed else { return }
        let ordered = used.sorted { $0.file.sha256 < $1.file.sha256 }
        guard let object = try? JSONValue(encoding: File(passed: ordered)) else { return }
        try? Directory(path: "/").replaceFile(path, Array((object.description + "\n").utf8))
    }

    private static func entry(_ driver: DriverFile, _ configuration: JSONValue) -> Entry {
        Entry(file: driver.identity, configuration: configuration, abi: DriverHost.abi)
    }
}
