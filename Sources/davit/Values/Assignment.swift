import ArgumentParser
import Linux
import Model

/// `NAME=value`, or `NAME` alone.
struct Assignment: Equatable {
    let name: String
    let value: String?

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, !name.isEmpty else {
            throw ValidationError("\"\(text)\" has no name: write NAME=value")
        }
        self.name = name
        value = parts.count == 2 ? parts[1] : nil
    }
}

extension [Assignment] {
    /// `NAME=value` entries; a name alone takes its value from `caller`, and is left out if it has none there.
    func environment(of caller: [String: String]) -> [String] {
        compactMap { entry in
            (entry.value ?? caller[entry.name]).map { "\(entry.name)=\($0)" }
        }
    }

    /// Labels; a name alone is a label with an empty value, the last of equal names wins.
    var labels: [String: String] {
        Dictionary(map { ($0.name, $0.value ?? "") }) { _, last in last }
    }

    /// Reads environment files, one after the other. Throws `request.invalid` where one can't be read.
    init(environmentFiles paths: [String]) throws {
        self = try paths.flatMap { path in
            do {
                let file = try Directory(path: ".").open(path)
                return try [Assignment](environmentFile: String(decoding: file.readAll(limit: 1 << 20), as: UTF8.self))
            } catch let error as Errno {
                throw AgentError(.requestInvalid, "cannot read the environment file \(path)").caused(by: error)
            }
        }
    }

    /// Reads an environment file: an entry a line, empty lines and lines that start with `#` left out.
    init(environmentFile text: String) throws {
        self = try text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
            .map { try Assignment(String($0)) }
    }
}
