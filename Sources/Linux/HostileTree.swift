internal import CLinux

/// A tree that somebody else has written: every name, every depth and every number of files in it is hostile.
///
/// Each step is one name below an open directory and never follows a link. Names are bytes, for a name need not be
/// UTF-8. Depth costs no stack and a bounded number of descriptors, width no memory.
public struct HostileTree: Sendable {
    /// The directory that holds the tree.
    public let directory: Directory
    public let name: String

    public init(_ name: String, in directory: Directory) {
        self.directory = directory
        self.name = name
    }

    /// More levels are not held open at once.
    private static let openLevels = 32

    /// Removes the tree, or the file. No error when there is none, so it can be repeated after a failure. Blocks.
    ///
    /// A directory that lies too deep is moved up into `directory` under a name that starts with `name`, and removed
    /// from there; after a crash it is found there.
    public func remove() throws(Errno) {
        var pending = [FileName(name)]
        var moved = 0
        while let next = pending.popLast() { pending += try removeShallow(next, &moved) }
    }

    /// Removes what lies within the limit of depth; answers the new names of the directories that it moved up.
    private func removeShallow(_ name: FileName, _ moved: inout Int) throws(Errno) -> [FileName] {
        guard let first = try Level.removeOrEnter(name, in: directory.descriptor) else { return [] }
        var surfaced: [FileName] = []
        var levels = [first]
        while let level = levels.last {
            guard let child = try level.removeNext() else {
                levels.removeLast()
                let parent = levels.last?.listing ?? directory.descriptor
                try level.name.remove(from: parent, isDirectory: true)
                continue
            }
            if levels.count < Self.openLevels {
                levels.append(child)
            } else {
                surfaced.append(try surface(child.name, from: level.listing, &moved))
            }
        }
        return surfaced
    }

    private func surface(_ child: FileName, from parent: Descriptor, _ moved: inout Int) throws(Errno) -> FileName {
        while true {
            moved += 1
            let newName = FileName("\(name).\(moved)")
            do {
                try child.move(from: parent, to: newName, in: directory.descriptor)
                return newName
            } catch {
                // One may be left over from a run that ended halfway: the next number will do.
                guard error == .exists else { throw error }
            }
        }
    }

    /// Counts the tree: bytes on the disk, hard links once. Directories below 32 levels are not entered. Blocks.
    public func measure() throws(Errno) -> (bytes: Int64, files: Int) {
        var sum = Sum()
        try sum.add(FileName(name), in: directory.descriptor, levels: Self.openLevels)
        return (sum.bytes, sum.files)
    }
}

/// A directory on the way down.
private final class Level {
    let name: FileName
    let listing: Descriptor
    private var names: [FileName] = []

    private init(name: FileName, listing: Descriptor) {
        self.name = name
        self.listing = listing
    }

    /// Removes `name` when that is one call; otherwise opens it.
    static func removeOrEnter(_ name: FileName, in parent: Descriptor) throws(Errno) -> Level? {
        if name.mayBeDirectory, let listing = try name.enter(parent) { return Level(name: name, listing: listing) }
        try name.remove(from: parent, isDirectory: false)
        return nil
    }

    /// Removes files up to the next directory, which it opens; `nil` when this directory is empty.
    func removeNext() throws(Errno) -> Level? {
        while true {
            if names.isEmpty { names = try FileName.some(of: listing) }
            guard let name = names.popLast() else { return nil }
            if let child = try Level.removeOrEnter(name, in: listing) { return child }
        }
    }
}

private struct Sum {
    private struct Inode: Hashable {
        var device: UInt64
        var number: UInt64
    }

    var bytes: Int64 = 0
    var files = 0
    private var linked: Set<Inode> = []

    mutating func add(_ name: FileName, in parent: Descriptor, levels: Int) throws(Errno) {
        var extent = davit_extent()
        let result = unsafe davit_extent(parent.rawValue, name.bytes, &extent)
        // The tree lives: what went since it was listed counts for nothing.
        if result == -Errno.noSuchFile.rawValue { return }
        try check(result)
        count(extent, isDirectory: name.mayBeDirectory)
        guard name.mayBeDirectory, levels > 0, let listing = try name.enter(parent) else { return }
        while case let names = try FileName.some(of: listing), !names.isEmpty {
            for name in names { try add(name, in: listing, levels: levels - 1) }
        }
    }

    private mutating func count(_ extent: davit_extent, isDirectory: Bool) {
        if extent.links > 1, !isDirectory {
            guard linked.insert(Inode(device: extent.device, number: extent.inode)).inserted else { return }
        }
        files += 1
        bytes += Int64(clamping: extent.bytes_on_disk)
    }
}
