internal import JSON
internal import Linux
internal import Model

/// Devices by the Container Device Interface: vendors say in files what a device needs (CDI specification 1.0).
///
/// JSON files are read; hooks, which would be programs of the vendor run as root, are not: a device that has some is
/// refused.
struct CDI: Sendable {
    /// In rising order of precedence.
    let directories: [String]

    static let system = CDI(directories: ["/etc/cdi", "/var/run/cdi"])

    /// What a device asks for.
    struct Edits: Sendable {
        var devices: [Node] = []
        var environment: [String] = []
        var mounts: [MountSpec] = []
    }

    struct Node: Sendable {
        var path: String
        var hostPath: String
        var access: String
        var mode: UInt32?
        var uid: UInt32?
        var gid: UInt32?
    }

    /// The edits of `vendor.com/class=name`; of `=all` those of every device of the class.
    ///
    /// Throws `device.not_found`, naming what there is.
    func edits(for name: String) throws(AgentError) -> Edits {
        let parts = name.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw AgentError(.deviceNotFound, "\"\(name)\" is no CDI device: write vendor.com/class=name")
        }
        let (files, problems) = documents()
        let ours = files.filter { $0["kind"]?.string == parts[0] }
        var edits = Edits()
        var found = false
        for file in ours {
            for device in file["devices"]?.array ?? [] where parts[1] == "all" || device["name"]?.string == parts[1] {
                try edits.add(device["containerEdits"] ?? [:], of: name)
                found = true
            }
            if found { try edits.add(file["containerEdits"] ?? [:], of: name) }
        }
        guard found else { throw missing(name, files, problems) }
        return edits
    }

    private func missing(_ name: String, _ files: [JSONValue], _ problems: [String]) -> AgentError {
        let known = files.flatMap { file in
            (file["devices"]?.array ?? []).map { "\(file["kind"]?.string ?? "")=\($0["name"]?.string ?? "")" }
        }
        let list = known.isEmpty ? "there are none" : "there are " + known.sorted().joined(separator: ", ")
        return AgentError(
            .deviceNotFound,
            "there is no CDI device \(name) in \(directories.joined(separator: " or ")) (files *.json): \(list)",
            cause: problems)
    }

    private func documents() -> (found: [JSONValue], problems: [String]) {
        var found: [JSONValue] = []
        var problems: [String] = []
        for path in directories {
            guard let directory = try? Directory(path: path), let names = try? directory.names() else { continue }
            for name in names.sorted() {
                guard name.hasSuffix(".json") else {
                    if name.hasSuffix(".yaml") { problems.append("\(path)/\(name): only JSON is read, not YAML") }
                    continue
                }
                do { found.append(try JSONValue(parsing: directory.read(name, limit: 1 << 20))) } catch {
                    problems.append("\(path)/\(name): \(error)")
                }
            }
        }
        return (found, problems)
    }
}

extension CDI.Edits {
    fileprivate mutating func add(_ edits: JSONValue, of device: String) throws(AgentError) {
        guard edits["hooks"]?.array?.isEmpty ?? true else {
            throw AgentError(
                .deviceNotFound,
                "the CDI device \(device) wants hooks, programs run as root on the host, which Davit does not run")
        }
        environment += edits["env"]?.array?.compactMap(\.string) ?? []
        for node in edits["deviceNodes"]?.array ?? [] {
            guard let path = node["path"]?.string else { continue }
            devices.append(
                CDI.Node(
                    path: path, hostPath: node["hostPath"]?.string ?? path,
                    access: node["permissions"]?.string ?? "rwm", mode: node.number("fileMode"),
                    uid: node.number("uid"), gid: node.number("gid")))
        }
        for mount in edits["mounts"]?.array ?? [] {
            guard let source = mount["hostPath"]?.string, let target = mount["containerPath"]?.string else { continue }
            let options = mount["options"]?.array?.compactMap(\.string) ?? []
            mounts.append(MountSpec(.bind, source: source, target: target, readOnly: options.contains("ro")))
        }
    }
}

extension JSONValue {
    fileprivate func number(_ key: String) -> UInt32? { self[key]?.int.flatMap { UInt32(exactly: $0) } }
}

extension GrantedDevice {
    init(_ node: CDI.Node) throws {
        let spec = DeviceSpec(source: node.hostPath, target: node.path, access: node.access)
        guard let found = try GrantedDevice.all(spec).first else {
            throw AgentError(.deviceNotFound, "there is no device \(node.hostPath) on this host")
        }
        self = found
        mode = node.mode.map { $0 & 0o777 } ?? mode
        uid = node.uid ?? uid
        gid = node.gid ?? gid
    }
}
