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
        var rest = Self.parts(path).reversed() as [String]
        var done: [String] = []
        var links = 0
        while let name = rest.popLast() {
            guard name != ".." else {
                _ = done.popLast()
                continue
            }
            done.append(name)
            let here = done.joined(separator: "/")
            guard let status = try root.statusIfPresent(here) else {
                return Self.place(done + rest.reversed(), exists: false)
            }
            guard status.kind == .symbolicLink else { continue }
            links += 1
            if links > Self.linkLimit { return nil }
            let target = try root.readLink(here)
            if target.hasPrefix("/") { done = [] } else { done.removeLast() }
            rest += Self.parts(target).reversed()
        }
        return Self.place(done, exists: true)
    }

    private static func parts(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    private static func place(_ parts: [String], exists: Bool) -> (path: String, exists: Bool)? {
        guard let first = parts.first, !["dev", "proc", "sys"].contains(first), !parts.contains("..") else {
            return nil
        }
        return ("/" + parts.joined(separator: "/"), exists)
    }
}
