internal import CLinux

/// Copies what is in a directory into another: files with their holes, links, FIFOs; attributes, owners, modes, times, and
/// hard links among the files. Sockets and devices are left out.
///
/// Each step is one name below an open directory and never follows a link; names are bytes. The source should rest
/// meanwhile: what changes under the copy is copied as it is met.
public struct TreeCopy {
    /// Two descriptors for each level: more is refused with ``Errno/nameTooLong``.
    private static let openLevels = 512

    private struct Inode: Hashable {
        var device: UInt64
        var number: UInt64
    }

    private let target: Directory
    private var levels: [CopyLevel] = []
    /// Where the first name of a file with several was copied to, below `target`.
    private var linked: [Inode: [CChar]] = [:]

    /// Copies into `target`, which must be empty, and gives it the source's own owner, mode, times and attributes. Blocks.
    ///
    /// Not atomic: after an error, empty the target before another try.
    public static func copy(_ source: Directory, into target: Directory) throws(Errno) {
        // A mount's descriptor is only a name for it, which takes no change.
        let target = try target.directory(".")
        var copy = TreeCopy(target: target)
        try copy.descend(from: source, to: target, path: [])
        while let level = copy.levels.last { try copy.step(level) }
    }

    private init(target: Directory) { self.target = target }

    private mutating func step(_ level: CopyLevel) throws(Errno) {
        guard let name = try level.next() else {
            levels.removeLast()
            return try level.finish()
        }
        let path = level.path + name.bytes.dropLast()
        guard try !link(name, at: path, in: level) else { return }
        let kind = unsafe davit_copy_entry(level.source.number, name.bytes, level.target.number)
        guard try check(kind) == Int32(DAVIT_COPY_DIRECTORY.rawValue) else { return }
        guard let source = try name.enter(level.source.descriptor), let copy = try name.enter(level.target.descriptor)
        else { throw Errno.notDirectory }
        try descend(from: Directory(source), to: Directory(copy), path: path + [0x2F])
    }

    private mutating func descend(from source: Directory, to target: Directory, path: [CChar]) throws(Errno) {
        guard levels.count < Self.openLevels else { throw Errno.nameTooLong }
        levels.append(try CopyLevel(source: source, target: target, path: path))
    }

    /// True when the file was copied under another name already, and got this one as a link.
    private mutating func link(_ name: FileName, at path: [CChar], in level: CopyLevel) throws(Errno) -> Bool {
        guard !name.mayBeDirectory else { return false }
        var extent = davit_extent()
        try check(unsafe davit_extent(level.source.number, name.bytes, &extent))
        // A path that one call can't take is copied once more instead.
        guard extent.links > 1, path.count < 4096 else { return false }
        let inode = Inode(device: extent.device, number: extent.inode)
        guard let first = linked[inode] else {
            linked[inode] = path + [0]
            return false
        }
        let result = unsafe davit_link(target.number, first, level.target.number, name.bytes)
        // What was left out has no copy to link to.
        if result == -Errno.noSuchFile.rawValue { return true }
        try check(result)
        return true
    }
}

/// A directory on the way down.
private final class CopyLevel {
    let source: Directory
    let target: Directory
    /// Where it lies in the tree, with a slash at the end; empty for the top.
    let path: [CChar]
    private let listing: Descriptor
    private var names: [FileName] = []

    init(source: Directory, target: Directory, path: [CChar]) throws(Errno) {
        (self.source, self.target, self.path) = (source, target, path)
        listing = try source.open(".", .directory).shared()
    }

    func next() throws(Errno) -> FileName? {
        if names.isEmpty { names = try FileName.some(of: listing) }
        return names.popLast()
    }

    /// After what is in it: each entry changed the copy's times.
    func finish() throws(Errno) { try check(davit_copy_directory_status(listing.rawValue, target.number)) }
}
