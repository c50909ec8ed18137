import JSON
import Linux
import Model

/// The directories in which an administrator writes configuration lists.
struct ListDirectories: Sendable {
    /// A longer file is refused.
    private static let limit = 256 << 10
    private static let endings = [".conflist", ".conf", ".json"]

    let paths: [String]

    /// A list, and the file it is from.
    struct Found: Sendable {
        let list: NetworkList
        let file: String
    }

    /// The first list of this name, of all files in the order of the directories and of their names; nil: the first of all.
    ///
    /// A file that is wrong is an error only when no other has the name, or when it says itself that it has. Throws
    /// `network.refused`.
    func list(named name: String?) throws(AgentError) -> Found {
        var (names, problems): ([String], [String]) = ([], [])
        for file in try files() {
            do throws(ListProblem) {
                let value = try Self.value(file)
                let own = try NetworkList.name(of: value)
                names.append(own)
                guard name == nil || own == name else { continue }
                return Found(list: try Self.list(value, file), file: file.path)
            } catch {
                let problem = "\(file.path): \(error)"
                if let name, names.last == name { throw refused("the CNI configuration \(problem)", []) }
                problems.append(problem)
            }
        }
        throw missing(name, names, problems)
    }

    private func missing(_ name: String?, _ names: [String], _ problems: [String]) -> AgentError {
        let places = paths.joined(separator: ", ")
        let wanted = name.map { "no CNI configuration list with the name \"\($0)\"" } ?? "no CNI configuration list"
        let others = Set(names).sorted().joined(separator: ", ")
        let advice =
            names.isEmpty
            ? "write one, such as \(paths[0])/10-\(name ?? "net").conflist" : "there are \(others)"
        return refused("there is \(wanted) in \(places): \(advice)", problems)
    }

    private func refused(_ message: String, _ problems: [String]) -> AgentError {
        AgentError(.networkRefused, message, cause: problems)
    }

    // MARK: Files

    private struct File {
        let directory: Directory
        let place: String
        let name: String

        var path: String { "\(place)/\(name)" }
    }

    /// A directory that is not there has none.
    private func files() throws(AgentError) -> [File] {
        var files: [File] = []
        for path in paths { files += try Self.files(in: path, Self.endings) }
        return files
    }

    private static func files(in path: String, _ endings: [String]) throws(AgentError) -> [File] {
        do {
            let directory = try Directory(path: path)
            let names = try directory.names().filter { name in
                !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) }
            }
            // As bytes: the order of Swift's texts is another one.
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
                File(directory: directory, place: path, name: $0)
            }
        } catch {
            if error == .noSuchFile { return [] }
            throw AgentError(.networkRefused, "the CNI configurations in \(path) can't be read", cause: ["\(error)"])
        }
    }

    private static func value(_ file: File) throws(ListProblem) -> JSONValue {
        let bytes: [UInt8]
        do { bytes = try file.directory.read(file.name, limit: limit) } catch {
            throw ListProblem(
                error == .fileTooLarge ? "it is longer than \(limit >> 10) KiB" : "it can't be read: \(error)")
        }
        do { return try JSONValue(parsing: bytes) } catch { throw ListProblem("it is no JSON: \(error)") }
    }

    /// With the plugins in `NAME/*.conf` beside its file, if it does not forbid that.
    private static func list(_ value: JSONValue, _ file: File) throws(ListProblem) -> NetworkList {
        guard try NetworkList.takesOthers(value) else { return try NetworkList(value) }
        let place = "\(file.place)/\(try NetworkList.name(of: value))"
        var others: [PluginConfiguration] = []
        let found: [File]
        do { found = try files(in: place, [".conf"]) } catch { throw ListProblem(error.message) }
        for other in found {
            do throws(ListProblem) {
                others.append(try PluginConfiguration(Self.value(other), at: "it"))
            } catch { throw ListProblem("\(other.path): \(error)") }
        }
        return try NetworkList(value, others: others)
    }
}
