internal import CLinux

extension Directory {
    struct Entry {
        var name: String
        var isDirectory: Bool
    }

    /// Names and kinds from a fresh descriptor, so that the position of this one does not matter.
    func entries() throws(Errno) -> [Entry] {
        let listing = try open(".", .directory)
        var found: [Entry] = []
        while try Self.read(listing.rawValue, into: &found) {}
        return found
    }

    private static func read(_ listing: Int32, into found: inout [Entry]) throws(Errno) -> Bool {
        // The pointer is used only during the call below, which makes all the callbacks.
        let result = unsafe withUnsafeMutablePointer(to: &found) { pointer in
            unsafe davit_list(
                listing,
                { context, name, type in
                    guard let found = unsafe context?.assumingMemoryBound(to: [Entry].self) else { return }
                    unsafe found.pointee.append(Entry(name: String(cString: name), isDirectory: type == 4))
                }, pointer)
        }
        return try check(result) > 0
    }

    /// Removes `name` and all below it. Links are removed, never followed; mounts stop it with ``Errno/busy``.
    ///
    /// A name that is not there is fine, so it can be repeated after a failure. Blocks.
    public func removeTree(_ name: String) throws(Errno) {
        do { try remove(name) } catch {
            if error == .noSuchFile { return }
            guard error == .isDirectory || error == .notPermitted else { throw error }
            try removeDirectoryTree(name)
        }
    }

    /// One open directory per level is the price of never walking a path twice: a depth of 900 is the limit.
    private func removeDirectoryTree(_ name: String) throws(Errno) {
        let inner = try directory(name, resolve: [.beneath, .noSymlinks])
        for entry in try inner.entries() {
            if entry.isDirectory { try inner.removeDirectoryTree(entry.name) } else { try inner.removeTree(entry.name) }
        }
        do { try removeDirectory(name) } catch let error where error == .noSuchFile {}
    }
}
