/// How much of a container's output is kept.
public struct LogBounds: Sendable, Hashable, Codable {
    /// Bytes after which a file is rotated, at a line's end.
    public var bytes: Int
    /// Files kept, the present one included; 1 at least.
    public var files: Int

    public init(bytes: Int, files: Int) {
        self.bytes = bytes
        self.files = files
    }

    /// For a container that removes itself, whose log lies in memory: 2 MiB at the most.
    var inMemory: LogBounds { LogBounds(bytes: min(bytes, 1 << 20), files: min(files, 2)) }
}
