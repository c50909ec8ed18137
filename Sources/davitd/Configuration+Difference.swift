internal import Engine
internal import JSON

extension Configuration {
    var logBounds: LogBounds { LogBounds(bytes: log.bytes, files: log.files) }

    /// The top-level keys in which two configurations differ.
    func keys(differingFrom other: Configuration) -> [String] {
        guard let mine = try? JSONValue(encoding: self).object, let its = try? JSONValue(encoding: other).object else {
            return []
        }
        return mine.keys.filter { mine[$0] != its[$0] }.sorted()
    }
}
