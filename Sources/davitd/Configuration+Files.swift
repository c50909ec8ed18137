internal import JSON
internal import Linux
internal import Model

extension Configuration {
    /// Reads the file and the drop-ins `FILE.d/*.json` in the order of their names. No file at all means the defaults.
    ///
    /// Each file is checked alone first, so that an error names the file, the key and the line.
    /// A file that somebody named (`isNamed`) must be there.
    static func load(_ path: String, isNamed: Bool = false) throws(AgentError) -> Configuration {
        var merged: JSONValue = [:]
        for file in try files(path, isNamed) { merged = merge(merged, try read(file)) }
        do {
            let configuration = try merged.decode(Configuration.self, unknownKeys: .refuse)
            try configuration.validate()
            return configuration
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError(.configInvalid, "\(path): \(error)")
        }
    }

    private static func files(_ path: String, _ isNamed: Bool) throws(AgentError) -> [String] {
        let dropIns = path + ".d"
        do {
            let here = try Directory(path: ".")
            let main = try !isNamed && here.statusIfPresent(path) == nil ? [] : [path]
            guard try here.statusIfPresent(dropIns) != nil else { return main }
            let names = try here.directory(dropIns).names().filter { $0.hasSuffix(".json") }.sorted()
            return main + names.map { "\(dropIns)/\($0)" }
        } catch {
            throw AgentError(.configInvalid, "\(path) or \(dropIns) can't be read").caused(by: error)
        }
    }

    private static func read(_ path: String) throws(AgentError) -> JSONValue {
        do {
            let bytes = try Directory(path: ".").read(path, limit: 1 << 20)
            let document = try JSONDocument(configuration: String(decoding: bytes, as: UTF8.self))
            do { _ = try document.value.decode(Configuration.self, unknownKeys: .refuse) } catch {
                throw AgentError(.configInvalid, "\(path):\(document.line(of: error.path)): \(error)")
            }
            return document.value
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError(.configInvalid, "\(path): \(error)")
        }
    }

    /// Objects are merged key by key; everything else is replaced.
    private static func merge(_ base: JSONValue, _ over: JSONValue) -> JSONValue {
        guard case .object(var members) = base, case .object(let more) = over else { return over }
        for member in more.members {
            members[member.key] = members[member.key].map { merge($0, member.value) } ?? member.value
        }
        return .object(members)
    }
}
