internal import Linux

/// Bytes of memory that this process has now.
public func residentBytes() throws -> Int {
    let text = String(decoding: try Directory(path: "/proc/self").read("statm", limit: 4096), as: UTF8.self)
    // The second number, in pages.
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4096 } ?? 0
}
