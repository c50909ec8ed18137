import CLinux
import Glibc
import Model

/// The directory that a layer is unpacked into. The process has it as its root directory, too.
final class Tree {
    let root: Int32
    /// The directory that was asked for last: most entries of an archive follow another of the same directory.
    private var lastParent: [CChar] = []
    private var lastDescriptor: Int32 = -1

    /// Who gets the directories that an archive left out.
    private let owner: UInt32
    /// Refuse to put a directory in a file's place, or the other way round.
    private let keepsKinds: Bool

    init(root: Int32, owner: UInt32 = 0, keepsKinds: Bool = false) {
        self.root = root
        self.owner = owner
        self.keepsKinds = keepsKinds
    }

    deinit { forget() }

    /// The place of a path; makes the directories on the way (0755, root's) that the archive left out.
    func place(_ path: EntryPath) throws -> Place {
        guard path.parent != lastParent || lastDescriptor < 0 else {
            return Place(directory: lastDescriptor, name: path.name)
        }
        var descriptor = openParent(path.parent)
        if descriptor == -ENOENT || descriptor == -ENOTDIR {
            try makeParents(path)
            descriptor = openParent(path.parent)
        }
        guard descriptor >= 0 else { throw failure("openat2", shown(path.parent), descriptor) }
        forget()
        lastDescriptor = descriptor
        lastParent = path.parent
        return Place(directory: descriptor, name: path.name)
    }

    /// The place of a path, if its directory is there; the caller closes that.
    func existing(_ path: EntryPath) -> Place? {
        let descriptor = openParent(path.parent)
        return descriptor < 0 ? nil : Place(directory: descriptor, name: path.name)
    }

    /// Removes what is at the place, with all that is in it.
    func clear(_ place: Place) throws {
        guard let status = try place.status() else { return }
        guard status.isDirectory else { return try place.remove() }
        guard !keepsKinds else {
            throw AgentError(
                .requestInvalid, "\"\(shown(place.name))\" is a directory there: a file can't take its place")
        }
        try removeTree(place)
    }

    /// Makes a directory or takes the one that is there; a whiteout or another file gives way.
    func makeDirectory(_ place: Place) throws {
        let result = unsafe davit_mkdirat(place.directory, place.name, 0o755)
        guard result == -EEXIST else {
            if result < 0 { throw failure("mkdirat", shown(place.name), result) }
            return
        }
        guard let status = try place.status(), !status.isDirectory else { return }
        guard !keepsKinds else {
            throw AgentError(
                .requestInvalid, "\"\(shown(place.name))\" is no directory there: a directory can't take its place")
        }
        try place.remove()
        try makeDirectory(place)
        // The archive first took away what the layers below have here, then made a directory of its own.
        if status.isWhiteout { try place.hideBelow() }
    }

    /// O_PATH, which Swift's Glibc doesn't have.
    private var pathOnly: UInt64 { 0o10_000_000 }

    private func openParent(_ path: [CChar]) -> Int32 {
        let flags = pathOnly | UInt64(O_DIRECTORY | O_CLOEXEC)
        guard path.count > 1 else { return unsafe davit_openat2(root, ".", flags, 0, Resolve.inRoot) }
        return unsafe davit_openat2(root, path, flags, 0, Resolve.inRoot)
    }

    private func makeParents(_ path: EntryPath) throws {
        var end = 0
        while let next = path.parent[end...].dropFirst().firstIndex(where: { $0 == 0x2F || $0 == 0 }) {
            try makeParent(Array(path.parent[..<next]))
            end = next
        }
    }

    private func makeParent(_ path: [CChar]) throws {
        let existing = openParent(path + [0])
        if existing >= 0 {
            close(existing)
            return
        }
        let slash = path.lastIndex(of: 0x2F)
        let parent = openParent(Array(path[..<(slash ?? 0)]) + [0])
        guard parent >= 0 else { throw failure("openat2", shown(path), parent) }
        defer { close(parent) }
        let place = Place(directory: parent, name: Array(path[(slash.map { $0 + 1 } ?? 0)...]) + [0])
        if let status = try place.status(), !status.isWhiteout { throw failure("openat2", shown(path + [0]), existing) }
        try makeDirectory(place)
        if owner > 0 { try place.own(owner, owner) }
    }

    private func forget() {
        if lastDescriptor >= 0 { close(lastDescriptor) }
        lastDescriptor = -1
    }
}
