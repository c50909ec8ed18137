import CArchive
import Glibc
import Model

/// One entry of a layer's archive, as the archive has it.
struct Entry {
    enum Kind {
        case file, directory, fifo
        case symlink(target: [CChar])
        case hardLink(target: EntryPath)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
    }

    var path: EntryPath
    var kind: Kind
    /// The twelve bits of chmod.
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32
    /// Of a file: its bytes, holes included.
    var size: Int64
    var modified: timespec
    var attributes: [Attribute]

    /// An extended attribute.
    struct Attribute {
        var name: [CChar]
        var value: [UInt8]
    }
}

extension Entry {
    /// The entry as it is to be made: with the names and owners of the place it goes to.
    mutating func shift(_ rules: UnpackRules) throws {
        if let name = rules.name {
            path = path.renamed(top: name)
            if case .hardLink(let target) = kind { kind = .hardLink(target: target.renamed(top: name)) }
        }
        guard rules.firstID > 0 else { return }
        guard uid < rules.idCount, gid < rules.idCount else {
            throw AgentError(
                .requestInvalid, "\"\(path)\" belongs to \(uid):\(gid), which the container has no ids for")
        }
        uid += rules.firstID
        gid += rules.firstID
    }

    init(_ entry: OpaquePointer) throws {
        guard let text = unsafe archive_entry_pathname(entry) else {
            throw AgentError(.imageInvalid, "the layer's archive has an entry without a path")
        }
        path = try unsafe EntryPath(text)
        kind = try unsafe Self.kind(entry, path)
        mode = unsafe UInt32(archive_entry_perm(entry)) & 0o7777
        uid = try unsafe Self.identity(archive_entry_uid(entry), path)
        gid = try unsafe Self.identity(archive_entry_gid(entry), path)
        size = unsafe archive_entry_size(entry)
        modified = unsafe timespec(
            tv_sec: archive_entry_mtime(entry), tv_nsec: min(max(archive_entry_mtime_nsec(entry), 0), 999_999_999))
        attributes = unsafe Self.attributes(entry)
    }

    private static func kind(_ entry: OpaquePointer, _ path: EntryPath) throws -> Kind {
        if let target = unsafe archive_entry_hardlink(entry) { return try unsafe .hardLink(target: EntryPath(target)) }
        switch unsafe archive_entry_filetype(entry) {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFIFO: return .fifo
        case S_IFLNK: return try unsafe .symlink(target: bytes(archive_entry_symlink(entry), path))
        case S_IFCHR: return unsafe .characterDevice(major: major(entry), minor: minor(entry))
        case S_IFBLK: return unsafe .blockDevice(major: major(entry), minor: minor(entry))
        default:
            throw AgentError(.imageLayerRefused, "\"\(path)\" in the layer is of no kind that Linux knows")
        }
    }

    private static func major(_ entry: OpaquePointer) -> UInt32 {
        UInt32(truncatingIfNeeded: unsafe archive_entry_rdevmajor(entry))
    }

    private static func minor(_ entry: OpaquePointer) -> UInt32 {
        UInt32(truncatingIfNeeded: unsafe archive_entry_rdevminor(entry))
    }

    private static func bytes(_ target: UnsafePointer<CChar>?, _ path: EntryPath) throws -> [CChar] {
        guard let target = unsafe target, unsafe target.pointee != 0, unsafe strlen(target) <= EntryPath.longest else {
            throw AgentError(.imageLayerRefused, "the symbolic link \"\(path)\" in the layer has no usable target")
        }
        return unsafe Array(UnsafeBufferPointer(start: target, count: strlen(target) + 1))
    }

    /// 4294967295 means "leave as is" to chown, so no file can have it.
    private static func identity(_ number: Int64, _ path: EntryPath) throws -> UInt32 {
        guard let number = UInt32(exactly: number), number != .max else {
            throw AgentError(.imageLayerRefused, "the owner \(number) of \"\(path)\" in the layer can't be")
        }
        return number
    }

    private static func attributes(_ entry: OpaquePointer) -> [Attribute] {
        guard unsafe archive_entry_xattr_reset(entry) > 0 else { return [] }
        var found: [Attribute] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while unsafe archive_entry_xattr_next(entry, &name, &value, &count) == 0 {
            guard let name = unsafe name else { continue }
            let text = unsafe Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
            found.append(Attribute(name: text, value: unsafe Array(UnsafeRawBufferPointer(start: value, count: count))))
        }
        return found
    }
}
