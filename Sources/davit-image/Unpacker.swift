import CArchive
import CLinux
import Glibc
import Model

/// What an archive may do where it is unpacked.
struct UnpackRules {
    /// Bytes of one file, at most.
    var maxBytes: Int64
    var maxEntries: Int64
    /// `.wh.` names are whiteouts.
    var isLayer: Bool
    /// What the thing in the archive is to be called; `nil` leaves its name.
    var name: [CChar]?
    /// Owners become host ids.
    var firstID: UInt32 = 0
    var idCount: UInt32 = .max
}

/// Makes a directory out of a layer's archive, the way overlayfs wants it, or copies an archive into a tree.
final class Unpacker {
    private let tree: Tree
    private let limit: UnpackRules
    private var times = DirectoryTimes()
    private var defaults = DefaultACLs()
    private var entries: Int64 = 0
    private var size: Int64 = 0
    private var attributesLeftOut: Int64 = 0

    init(root: Int32, _ rules: UnpackRules) {
        // A copy merges directories and replaces files; it never takes the one for the other.
        tree = Tree(root: root, owner: rules.firstID, keepsKinds: !rules.isLayer)
        limit = rules
    }

    /// Reads a layer's archive to its end. The caller has still to verify the stream it came from.
    func unpack(_ archive: LayerArchive, as diffID: LayerID) throws -> UnpackedLayer {
        try unpack(archive)
        return UnpackedLayer(diffID: diffID, size: size, entries: entries, attributesLeftOut: attributesLeftOut)
    }

    /// Reads an archive to its end.
    func extract(_ archive: LayerArchive) throws -> ExtractedArchive {
        try unpack(archive)
        return ExtractedArchive(size: size, entries: entries)
    }

    private func unpack(_ archive: LayerArchive) throws {
        while var entry = try archive.next() {
            entries += 1
            guard entries <= limit.maxEntries else {
                throw AgentError(.imageTooLarge, "the layer has more than \(limit.maxEntries) entries")
            }
            try entry.shift(limit)
            try apply(entry, archive)
        }
        try defaults.apply(below: tree.root)
        times.apply(below: tree.root)
    }

    private func apply(_ entry: Entry, _ archive: LayerArchive) throws {
        if entry.path.isRoot { return limit.isLayer ? try applyRoot(entry) : () }
        if limit.isLayer, let marker = try entry.path.marker() { return try mark(entry.path, marker) }
        let place = try tree.place(entry.path)
        switch entry.kind {
        case .file: try makeFile(entry, place, archive)
        case .directory: try makeDirectory(entry, place)
        case .symlink(let target): try makeLink(entry, place, target)
        case .hardLink(let target): try makeHardLink(place, target)
        case .fifo: try makeNode(entry, place, S_IFIFO, 0, 0)
        case .blockDevice(let major, let minor): try makeNode(entry, place, S_IFBLK, major, minor)
        case .characterDevice(let major, let minor):
            guard major != 0 || minor != 0 || !limit.isLayer else {
                throw AgentError(
                    .imageLayerRefused,
                    "\"\(entry.path)\" in the layer is overlayfs' own whiteout; layers use .wh. names")
            }
            try makeNode(entry, place, S_IFCHR, major, minor)
        }
    }

    private func applyRoot(_ entry: Entry) throws {
        guard case .directory = entry.kind else {
            throw AgentError(.imageLayerRefused, "the root of the layer is no directory")
        }
        try dress(tree.root, entry)
        try times.add(entry.path, entry.modified)
    }

    // MARK: What layers below had

    private func mark(_ path: EntryPath, _ marker: EntryPath.Marker) throws {
        let place = try tree.place(path)
        switch marker {
        case .ignored: return
        case .opaque: try Place(directory: place.directory, name: [0x2E, 0]).hideBelow()
        case .whiteout(let name): try hide(Place(directory: place.directory, name: name))
        }
    }

    /// A whiteout concerns the layers below only: what this layer itself has in that place stays.
    private func hide(_ place: Place) throws {
        let result = unsafe davit_mknodat(place.directory, place.name, S_IFCHR, 0, 0)
        guard result == -EEXIST else {
            if result < 0 { throw failure("mknodat", shown(place.name), result) }
            return
        }
        if let status = try place.status(), status.isDirectory { try place.hideBelow() }
    }

    // MARK: Kinds of entries

    private func makeFile(_ entry: Entry, _ place: Place, _ archive: LayerArchive) throws {
        guard entry.size >= 0, entry.size <= limit.maxBytes else {
            throw AgentError(.imageTooLarge, "\"\(entry.path)\" in the layer has \(entry.size) bytes")
        }
        let flags = UInt64(O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
        let descriptor = try place.make("openat2", replacing: tree) {
            unsafe davit_openat2($0.directory, $0.name, flags, 0o600, Resolve.strictly)
        }
        defer { close(descriptor) }
        try fill(descriptor, entry, archive)
        try dress(descriptor, entry)
        setTimes(descriptor, entry.modified)
    }

    private func fill(_ descriptor: Int32, _ entry: Entry, _ archive: LayerArchive) throws {
        var end: Int64 = 0
        try unsafe archive.content { bytes, offset in
            try unsafe write(bytes, to: descriptor, at: offset, entry)
            end = offset + Int64(bytes.count)
            size += Int64(bytes.count)
        }
        guard end < entry.size else { return }
        guard ftruncate(descriptor, Int(entry.size)) == 0 else { throw failure("ftruncate", "\(entry.path)") }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64, _ entry: Entry) throws {
        var done = 0
        while done < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = unsafe pwrite(descriptor, rest.baseAddress, rest.count, Int(offset) + done)
            if count < 0, errno != EINTR { throw failure("pwrite", "\(entry.path)") }
            done += max(0, count)
        }
    }

    private func makeDirectory(_ entry: Entry, _ place: Place) throws {
        try tree.makeDirectory(place)
        let descriptor = try place.openDirectory()
        defer { close(descriptor) }
        try dress(descriptor, entry)
        try times.add(entry.path, entry.modified)
    }

    private func makeLink(_ entry: Entry, _ place: Place, _ target: [CChar]) throws {
        _ = try place.make("symlinkat", replacing: tree) { unsafe davit_symlinkat(target, $0.directory, $0.name) }
        try place.own(entry.uid, entry.gid)
        place.setTimes(entry.modified)
        attributesLeftOut += Int64(entry.attributes.count)
    }

    private func makeNode(_ entry: Entry, _ place: Place, _ kind: UInt32, _ major: UInt32, _ minor: UInt32) throws {
        _ = try place.make("mknodat", replacing: tree) {
            unsafe davit_mknodat($0.directory, $0.name, kind | 0o600, major, minor)
        }
        try place.own(entry.uid, entry.gid)
        try place.setMode(entry.mode)
        place.setTimes(entry.modified)
        attributesLeftOut += Int64(entry.attributes.count)
    }

    private func makeHardLink(_ place: Place, _ target: EntryPath) throws {
        let source = tree.existing(target)
        defer { if let source { close(source.directory) } }
        guard let source, let status = try source.status(), !status.isWhiteout, !status.isDirectory else {
            throw AgentError(
                .imageLayerRefused, "the layer has a hard link to \"\(target)\", which is no file of this layer")
        }
        guard try place.status()?.st_ino != status.st_ino else { return }
        _ = try place.make("linkat", replacing: tree) {
            unsafe linkat(source.directory, source.name, $0.directory, $0.name, 0) == 0 ? 0 : -errno
        }
    }

    // MARK: Owner, mode and attributes

    /// In this order: chown clears the setuid bit and the file's capabilities.
    private func dress(_ descriptor: Int32, _ entry: Entry) throws {
        guard fchown(descriptor, entry.uid, entry.gid) == 0 else { throw failure("fchown", "\(entry.path)") }
        guard fchmod(descriptor, entry.mode) == 0 else { throw failure("fchmod", "\(entry.path)") }
        for attribute in entry.attributes { try set(attribute, descriptor, entry) }
    }

    private func set(_ attribute: Entry.Attribute, _ descriptor: Int32, _ entry: Entry) throws {
        switch try attribute.use(entry) {
        case .leaveOut: attributesLeftOut += 1
        case .set: try attribute.set(on: descriptor, entry.path)
        case .setLast: try defaults.add(entry.path, attribute)
        }
    }
}
