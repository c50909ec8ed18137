import CArchive
import CLinux
import Glibc
import JSON
import Model

/// Writes a directory tree as an archive. The tree may change and may be hostile: each thing is opened without
/// following a link, and is what it was when it was opened.
@safe final class Packer {
    private let job: PackJob
    private let writer: ArchiveWriter
    /// The directory of the thing that is packed.
    private let base: Int32
    private let top: [CChar]
    private var pending: [[CChar]] = []
    /// The first path of each file that has several names.
    private var links: [Inode: [CChar]] = [:]
    private var entries: Int64 = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)

    private struct Inode: Hashable {
        var device: UInt64
        var number: UInt64
    }

    /// `root` is the root directory; this process has it as its own, too.
    init(_ job: PackJob, root: Int32, output: Int32) throws {
        self.job = job
        writer = try ArchiveWriter(output)
        (base, top) = try Self.find(job.path, below: root)
    }

    deinit { unsafe buffer.deallocate() }

    /// The last name of a path stays as it is: a link is packed, not what it leads to, unless it ends with a slash.
    private static func find(_ path: String, below root: Int32) throws -> (Int32, [CChar]) {
        let isWhole = path.hasSuffix("/") || path.hasSuffix("/.") || path == "." || path.isEmpty
        let parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
        let flags = UInt64(O_DIRECTORY | O_CLOEXEC)
        let parent = (isWhole ? parts : parts.dropLast()).joined(separator: "/")
        let directory = unsafe davit_openat2(root, parent.isEmpty ? "." : parent, flags, 0, Resolve.inRoot)
        guard directory >= 0 else { throw Self.missing(path, directory) }
        guard !isWhole, let name = parts.last, name != ".." else { return (directory, here) }
        var status = stat()
        let result = unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW)
        guard result == 0 else { throw Self.missing(path, errno) }
        return (directory, name.utf8.map(CChar.init(bitPattern:)) + [0])
    }

    private static func missing(_ path: String, _ number: Int32) -> AgentError {
        guard [ENOENT, ENOTDIR, ELOOP].contains(abs(number)) else { return failure("openat2", path, number) }
        return AgentError(.pathNotFound, "there is no \"\(path)\" in the container")
    }

    func pack() throws -> PackedArchive {
        var isDirectory = false
        pending = [top]
        while let path = pending.popLast() {
            let directory = try pack(path)
            if entries <= 1 { isDirectory = isDirectory || directory }
        }
        try writer.finish()
        return PackedArchive(
            digest: try LayerID(writer.digest.hexadecimal()), bytes: writer.bytes, entries: entries,
            isDirectory: isDirectory, documentDigest: try documentDigest())
    }

    /// The digest of the image's configuration, now that the layer's is known.
    private func documentDigest() throws -> LayerID? {
        guard var document = job.document?.object, var root = document["rootfs"]?.object else { return nil }
        let layers = (root["diff_ids"]?.array ?? []) + [.string("sha256:\(writer.digest.hexadecimal())")]
        root["diff_ids"] = .array(layers)
        document["rootfs"] = .object(root)
        var digest = Sha256()
        unsafe Array(String(json: .object(document)).utf8).withUnsafeBytes { unsafe digest.update($0) }
        return try LayerID(digest.hexadecimal())
    }

    // MARK: One thing

    /// Answers whether it is a directory. What is gone meanwhile is passed over.
    private func pack(_ path: [CChar]) throws -> Bool {
        let flags = pathOnly | UInt64(O_NOFOLLOW | O_CLOEXEC)
        let boundary: UInt64 = job.oneFileSystem ? 0x01 : 0
        let thing = unsafe davit_openat2(base, path, flags, 0, Resolve.strictly | boundary)
        if thing == -ENOENT || thing == -EXDEV || thing == -ENOTDIR { return false }
        guard thing >= 0 else { throw failure("openat2", shown(path), thing) }
        defer { close(thing) }
        var status = stat()
        guard unsafe fstat(thing, &status) == 0 else { throw failure("fstat", shown(path)) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            try packDirectory(path, status)
            return true
        case S_IFREG: try packFile(path, status)
        case S_IFLNK: try packLink(path, status, thing)
        // Sockets are of no use without who listens.
        case S_IFSOCK: break
        case S_IFCHR where job.isLayer && status.st_rdev == 0: try packWhiteout(path, status)
        default: try add(path, status) { _ in }
        }
        return false
    }

    private func packDirectory(_ path: [CChar], _ status: stat) throws {
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        guard directory >= 0 else { return }
        defer { close(directory) }
        // Kernel file systems have no content of the container's.
        guard !Self.isOfTheKernel(directory) else { return }
        let opaque = unsafe fgetxattr(directory, "trusted.overlay.opaque", nil, 0)
        if path != top || name != nil {
            try add(path, status) { self.addAttributes(of: directory, to: $0) }
        }
        if job.isLayer, opaque == 1 { try addMarker(path, ".wh..wh..opq", status) }
        let names = try Self.names(in: directory).sorted { $1.lexicographicallyPrecedes($0) }
        let prefix = path == Self.here ? [] : path.dropLast() + [0x2F]
        for name in names { pending.append(prefix + name) }
    }

    private func packFile(_ path: [CChar], _ status: stat) throws {
        if status.st_nlink > 1 {
            let inode = Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
            if let first = links[inode] {
                return try add(path, status) { $0.set(hardLink: first) }
            }
            links[inode] = archiveName(path)
        }
        let file = try open(path, O_RDONLY | O_NONBLOCK)
        guard file >= 0 else { return }
        defer { close(file) }
        let pieces = Self.pieces(of: file, status)
        try add(path, status) { entry in
            self.addAttributes(of: file, to: entry)
            entry.set(size: Int64(status.st_size))
            entry.set(pieces: pieces ?? [])
        }
        try copy(file, Int64(status.st_size))
    }

    /// The file may shrink or grow meanwhile; the archive has the size that was promised.
    private func copy(_ file: Int32, _ size: Int64) throws {
        var position: Int64 = 0
        while position < size {
            let most = unsafe Int(min(size - position, Int64(buffer.count)))
            var count = unsafe pread(file, buffer.baseAddress, most, Int(position))
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
                count = most
            }
            try unsafe writer.write(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
            position += Int64(count)
        }
    }

    private func packLink(_ path: [CChar], _ status: stat, _ link: Int32) throws {
        var target = [CChar](repeating: 0, count: 4096)
        let count = unsafe davit_readlinkat(link, "", &target, target.count - 1)
        guard count >= 0 else { throw failure("readlinkat", shown(path), Int32(count)) }
        try add(path, status) { $0.set(symbolicLink: target) }
    }

    private func packWhiteout(_ path: [CChar], _ status: stat) throws {
        let slash = path.lastIndex(of: 0x2F)
        let parent = slash.map { Array(path[..<$0]) + [0] } ?? Self.here
        let name = String(
            decoding: path[(slash.map { $0 + 1 } ?? 0)...].dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try addMarker(parent, ".wh." + name, status)
    }

    private func addMarker(_ directory: [CChar], _ name: String, _ status: stat) throws {
        let prefix = directory == Self.here ? [] : directory.dropLast() + [0x2F]
        var plain = status
        plain.st_mode = S_IFREG | 0o644
        try add(prefix + name.utf8.map(CChar.init(bitPattern:)) + [0], plain) { $0.set(size: 0) }
    }

    // MARK: Entries

    private func add(
        _ path: [CChar], _ status: stat, _ dress: (EntryHead) throws -> Void
    ) throws {
        entries += 1
        try writer.add { entry in
            entry.set(path: archiveName(path))
            entry.set(status, uid: owner(status.st_uid), gid: owner(status.st_gid))
            try dress(entry)
        }
    }

    private static let here: [CChar] = [0x2E, 0]

    /// What the top is called, without its NUL; `nil`: its content comes alone.
    private var name: [CChar]? {
        job.name.map { $0.utf8.map(CChar.init(bitPattern:)) } ?? (top == Self.here ? nil : top.dropLast())
    }

    private func archiveName(_ path: [CChar]) -> [CChar] {
        if path == top { return (name ?? [0x2E]) + [0] }
        let below = top == Self.here ? path : Array(path.dropFirst(top.count))
        return name.map { $0 + [0x2F] + below } ?? below
    }

    /// An id that the container has no number for is nobody.
    private func owner(_ id: UInt32) -> Int64 {
        guard job.firstID > 0 else { return Int64(id) }
        return id >= job.firstID && id - job.firstID < 65536 ? Int64(id - job.firstID) : 65534
    }

    private func addAttributes(of file: Int32, to entry: EntryHead) {
        var list = [CChar](repeating: 0, count: 4096)
        let count = unsafe flistxattr(file, &list, list.count)
        guard count > 0 else { return }
        for name in list[..<count].split(separator: 0) where Self.isKept(name) {
            let name = Array(name) + [0]
            var value = [UInt8](repeating: 0, count: 64 << 10)
            let size = unsafe fgetxattr(file, name, &value, value.count)
            if size >= 0 { entry.add(attribute: name, value[..<size]) }
        }
    }

    /// Not those of the overlay, and no labels of this host.
    private static func isKept(_ name: ArraySlice<CChar>) -> Bool {
        ["trusted.", "security.selinux", "security.ima", "security.evm"].allSatisfy {
            !name.starts(with: $0.utf8.map(CChar.init(bitPattern:)))
        }
    }

    // MARK: Reading

    private var pathOnly: UInt64 { 0o10_000_000 }

    /// -1 when it is gone meanwhile.
    private func open(_ path: [CChar], _ flags: Int32) throws -> Int32 {
        let file = unsafe davit_openat2(
            base, path, UInt64(flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY), 0, Resolve.strictly)
        if file == -ENOENT || file == -ENOTDIR || file == -ELOOP { return -1 }
        guard file >= 0 else { throw failure("openat2", shown(path), file) }
        return file
    }

    private static func isOfTheKernel(_ directory: Int32) -> Bool {
        // PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, MQUEUE_MAGIC of <linux/magic.h>
        [0x9FA0, 0x6265_6572, 0x6367_7270, 0x1CD1, 0x1980_0202].contains(davit_file_system(directory))
    }

    /// Where a sparse file has bytes; `nil` when it has no holes.
    private static func pieces(of file: Int32, _ status: stat) -> [(start: Int64, count: Int64)]? {
        guard status.st_blocks * 512 < status.st_size else { return nil }
        var pieces: [(start: Int64, count: Int64)] = []
        var position = 0
        while pieces.count < 4096 {
            // SEEK_DATA and SEEK_HOLE, which Swift's Glibc doesn't have.
            let start = lseek(file, position, 3)
            guard start >= 0 else { break }
            let end = lseek(file, start, 4)
            guard end > start else { break }
            pieces.append((Int64(start), Int64(end - start)))
            position = end
        }
        // More pieces than is sensible: the file is written whole.
        guard pieces.count < 4096 else { return nil }
        return pieces.isEmpty ? [(start: Int64(status.st_size), count: Int64(0))] : pieces
    }

    private static func names(in directory: Int32) throws -> [[CChar]] {
        final class Names { var all: [[CChar]] = [] }
        let names = Names()
        let context = unsafe Unmanaged.passUnretained(names).toOpaque()
        while true {
            let result = unsafe davit_list(
                directory,
                { context, name, _ in
                    guard let context = unsafe context else { return }
                    let names = unsafe Unmanaged<Names>.fromOpaque(context).takeUnretainedValue()
                    unsafe names.all.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
                }, context)
            if result < 0 { throw failure("getdents64", "a directory", result) }
            if result == 0 { return names.all }
        }
    }
}
