import Linux

/// An image's root file system as seen from outside, before anything runs in it. Its content is hostile.
struct ImageRoot {
    private let root: Directory

    init(_ root: Descriptor) { self.root = Directory(root) }

    /// More links on one path are a loop, as the kernel has it.
    private static let linkLimit = 40

    /// The content of a file, `nil` when there is none. Links stay below the root; nothing but a regular file is read.
    func read(_ path: String, limit: Int) throws(Errno) -> [UInt8]? {
        try root.readIfPresent(path, limit: limit, resolve: [.inRoot, .noMagicLinks])
    }

    /// The same path without a link in it, as a program in the container would come to it, and whether it is there.
    ///
    /// The launch mounts upon no path with a link in it. `nil` for a loop, and for a path that leads into /dev, /proc or
    /// /sys, which are covered in the container.
    func withoutLinks(_ path: String) throws(Errno) -> (path: String, exists: Bool)? {
        guard let found = try walk(path), !Self.isCovered(found.parts) else { return nil }
        return (Self.text(found.parts), found.exists)
    }

    /// Where a mount at `path` goes. Below /dev, /proc and /sys what the image has there counts no more than it will for
    /// the program. `nil` for a loop of links, and for the root itself.
    func placeOfMount(_ path: String) throws(Errno) -> String? {
        guard let found = try walk(path), !found.parts.isEmpty else { return nil }
        return Self.text(found.parts)
    }

    private func walk(_ path: String) throws(Errno) -> (parts: [String], exists: Bool)? {
        var rest = Self.parts(path).reversed() as [String]
        var done: [String] = []
        var links = 0
        var exists = true
        while let name = rest.popLast() {
            guard name != ".." else {
                // Of what is not there nothing is above.
                guard exists else { return nil }
                _ = done.popLast()
                continue
            }
            done.append(name)
            guard exists, !Self.isCovered(done) else { continue }
            let here = done.joined(separator: "/")
            guard let status = try root.statusIfPresent(here) else {
                exists = false
                continue
            }
            guard status.kind == .symbolicLink else { continue }
            links += 1
            if links > Self.linkLimit { return nil }
            let target = try root.readLink(here)
            if target.hasPrefix("/") { done = [] } else { done.removeLast() }
            rest += Self.parts(target).reversed()
        }
        return (done, exists)
    }

    private static func isCovered(_ parts: [String]) -> Bool {
        parts.first.map { ["dev", "proc", "sys"].contains($0) } ?? true
    }

    private static func text(_ parts: [String]) -> String { "/" + parts.joined(separator: "/") }

    private static func parts(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }
    }
}
