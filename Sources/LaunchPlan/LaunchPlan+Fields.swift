extension LaunchPlan {
    /// The one text form of a plan: records of a verb and its arguments, the head first, then the steps in order.
    public var fields: [[String]] { head + steps.map { $0.fields } }

    private var head: [[String]] {
        var records = [["namespaces", namespaces.text], ["run", "\(run)"]]
        if let cgroup { records.append(["cgroup", "\(cgroup)"]) }
        if let join { records.append(["join", "\(join.process)", join.namespaces.text]) }
        if initProcess { records.append(["init"]) }
        if let terminal = stdio.terminal { records.append(["terminal", "\(terminal.rows)", "\(terminal.columns)"]) }
        records += uidMap.map { ["uid-map"] + $0.fields } + gidMap.map { ["gid-map"] + $0.fields }
        records += [["stdin"] + stdio.input.fields, ["stdout"] + stdio.output.fields, ["stderr"] + stdio.error.fields]
        records.append(["stdio-owner", "\(stdio.owner.uid)", "\(stdio.owner.gid)"])
        if let log { records.append(["log", "\(log.directory)", "\(log.maxBytes)", "\(log.files)"]) }
        return records
    }

    /// Reads the text form. The `run` record must be there, the others have defaults; a later one replaces an earlier.
    public init(fields: [[String]]) throws(PlanError) {
        self.init(namespaces: [], run: -1, steps: [])
        for (number, record) in fields.enumerated() {
            do { try add(record) } catch { throw PlanError.record(number) }
        }
        guard run >= 0 else { throw PlanError.noRunDirectory }
    }

    private mutating func add(_ record: [String]) throws(FieldReader.Refusal) {
        var reader = FieldReader(record)
        let verb = try reader.text()
        if let step = try LaunchStep(verb: verb, &reader) {
            steps.append(step)
        } else {
            try addHead(verb, &reader)
        }
        guard reader.isEmpty else { throw FieldReader.Refusal() }
    }

    private enum Head {
        case namespaces, run, cgroup, uidMap, gidMap, stdin, stdout, stderr, owner, log, join, initProcess, terminal
    }

    private static let heads: [(word: StaticString, value: Head)] = [
        ("namespaces", .namespaces), ("run", .run), ("cgroup", .cgroup), ("uid-map", .uidMap), ("gid-map", .gidMap),
        ("stdin", .stdin), ("stdout", .stdout), ("stderr", .stderr), ("stdio-owner", .owner), ("log", .log),
        ("join", .join), ("init", .initProcess), ("terminal", .terminal),
    ]

    private mutating func addHead(_ verb: String, _ reader: inout FieldReader) throws(FieldReader.Refusal) {
        var verbReader = FieldReader([verb])
        switch try verbReader.word(among: Self.heads) {
        case .namespaces: namespaces = Namespaces(rawValue: try reader.bits(Namespaces.words))
        case .run: run = try reader.descriptor()
        case .cgroup: cgroup = try reader.descriptor()
        case .uidMap: uidMap.append(try reader.idMap())
        case .gidMap: gidMap.append(try reader.idMap())
        case .stdin: stdio.input = try reader.input()
        case .stdout: stdio.output = try reader.output()
        case .stderr: stdio.error = try reader.output()
        case .owner: stdio.owner = Stdio.Owner(uid: try reader.number(), gid: try reader.number())
        case .log: log = try reader.log()
        case .join:
            join = Join(
                process: try reader.descriptor(), namespaces: Namespaces(rawValue: try reader.bits(Namespaces.words)))
        case .initProcess: initProcess = true
        case .terminal: stdio.terminal = Terminal(rows: try reader.number(), columns: try reader.number())
        }
    }
}

extension Namespaces {
    static let words: [(word: StaticString, bit: UInt64)] = [
        ("user", 0x1000_0000), ("mount", 0x0002_0000), ("pid", 0x2000_0000), ("network", 0x4000_0000),
        ("ipc", 0x0800_0000), ("uts", 0x0400_0000), ("cgroup", 0x0200_0000),
    ]

    var text: String { bitWords(of: rawValue, Self.words) }
}

extension IDMap {
    fileprivate var fields: [String] { ["\(inside)", "\(outside)", "\(count)"] }
}

extension Stdio.Input {
    fileprivate var fields: [String] {
        switch self {
        case .null: ["null"]
        case .descriptor(let index): ["descriptor", "\(index)"]
        case .open: ["open"]
        }
    }
}

extension Stdio.Output {
    fileprivate var fields: [String] {
        switch self {
        case .null: ["null"]
        case .descriptor(let index): ["descriptor", "\(index)"]
        case .relay(nil): ["relay"]
        case .relay(let index?): ["relay", "\(index)"]
        }
    }
}

extension FieldReader {
    private enum Stream { case null, descriptor, open, relay }

    private mutating func stream() throws(Refusal) -> Stream {
        try word(among: [("null", .null), ("descriptor", .descriptor), ("open", .open), ("relay", .relay)])
    }

    fileprivate mutating func idMap() throws(Refusal) -> IDMap {
        IDMap(inside: try number(), outside: try number(), count: try number())
    }

    fileprivate mutating func input() throws(Refusal) -> Stdio.Input {
        switch try stream() {
        case .null: return .null
        case .descriptor: return .descriptor(try descriptor())
        case .open: return .open
        case .relay: throw Refusal()
        }
    }

    fileprivate mutating func output() throws(Refusal) -> Stdio.Output {
        switch try stream() {
        case .null: return .null
        case .descriptor: return .descriptor(try descriptor())
        case .open: throw Refusal()
        case .relay: return .relay(copyTo: isEmpty ? nil : try descriptor())
        }
    }

    fileprivate mutating func log() throws(Refusal) -> Log {
        let log = Log(directory: try descriptor(), maxBytes: try number(), files: try descriptor())
        guard log.files > 0, log.maxBytes > 0 else { throw Refusal() }
        return log
    }
}
