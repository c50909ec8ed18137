import CArchive
import Glibc
import Model

/// Which file is where in an uncompressed tar archive: its blobs are read in place, never copied out.
@safe final class ArchiveIndex {
    private enum Member {
        case file(offset: Int64, size: Int64)
        case link(String)
    }

    private static let mostMembers = 100_000
    private static let mostNameBytes = 8 << 20

    private let descriptor: Int32
    private var members: [String: Member] = [:]
    private var nameBytes = 0
    private let buffer: UnsafeMutableRawBufferPointer

    init(descriptor: Int32) throws {
        self.descriptor = descriptor
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        lseek(descriptor, 0, SEEK_SET)
        try refuseCompressed()
        guard let archive = unsafe archive_read_new() else { throw AgentError(.hostFailed, "libarchive did not start") }
        defer { unsafe archive_read_free(archive) }
        unsafe archive_read_support_format_tar(archive)
        unsafe archive_read_set_skip_callback(archive, skipBytes)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe check(archive, archive_read_open(archive, context, nil, readBytes, nil))
        try unsafe readMembers(archive)
    }

    deinit { unsafe buffer.deallocate() }

    func file(_ path: String) -> ImageSource.File? {
        var path = path
        for _ in 0..<8 {
            switch members[path] {
            case .file(let offset, let size): return ImageSource.File(offset: offset, size: size)
            case .link(let target): path = target
            case nil: return nil
            }
        }
        return nil
    }

    private func refuseCompressed() throws {
        let names: [(String, [UInt8])] = [
            ("gzip", [0x1F, 0x8B]), ("zstd", [0x28, 0xB5, 0x2F, 0xFD]), ("xz", [0xFD, 0x37, 0x7A]),
            ("bzip2", [0x42, 0x5A, 0x68]),
        ]
        let count = unsafe pread(descriptor, buffer.baseAddress, 4, 0)
        let start = unsafe buffer.prefix(max(0, count))
        for (name, magic) in names where unsafe start.starts(with: magic) {
            throw AgentError(
                .imageUnsupportedMediaType,
                "the archive itself is compressed with \(name): uncompress it first, its layers may stay compressed")
        }
    }

    private func readMembers(_ archive: OpaquePointer) throws {
        while true {
            var entry: OpaquePointer?
            let result = unsafe archive_read_next_header(archive, &entry)
            if result == ARCHIVE_EOF { return }
            try unsafe check(archive, result)
            guard let entry = unsafe entry, let text = unsafe archive_entry_pathname(entry) else { continue }
            guard let path = try? unsafe EntryPath(text) else { continue }
            try add("\(path)", unsafe member(entry, path, at: archive_filter_bytes(archive, 0)))
        }
    }

    private func member(_ entry: OpaquePointer, _ path: EntryPath, at offset: Int64) -> Member? {
        if let target = unsafe archive_entry_hardlink(entry) { return try? unsafe .link("\(EntryPath(target))") }
        if let target = unsafe archive_entry_symlink(entry) {
            return .link(resolve(unsafe String(cString: target), from: "\(path)"))
        }
        guard unsafe archive_entry_filetype(entry) == S_IFREG else { return nil }
        // The bytes of a sparse file are not all there; no image has one.
        guard unsafe archive_entry_sparse_count(entry) == 0 else { return nil }
        return .file(offset: offset, size: unsafe archive_entry_size(entry))
    }

    private func add(_ path: String, _ member: Member?) throws {
        guard let member else { return }
        nameBytes += path.utf8.count
        if case .link(let target) = member { nameBytes += target.utf8.count }
        guard members.count < Self.mostMembers, nameBytes < Self.mostNameBytes else {
            throw AgentError(.imageTooLarge, "the archive has too many members for an image")
        }
        members[path] = member
    }

    /// `../a/layer.tar` from `b/layer.tar` is `a/layer.tar`, as in the archives of older dockers.
    private func resolve(_ target: String, from path: String) -> String {
        var parts = target.hasPrefix("/") ? [] : path.split(separator: "/").dropLast()
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    private func check(_ archive: OpaquePointer, _ result: Int32) throws {
        guard result != ARCHIVE_OK, result != ARCHIVE_WARN else { return }
        let reason = unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "no reason given"
        throw AgentError(.imageInvalid, "the file is no readable tar archive: \(reason)")
    }

    fileprivate func read(_ piece: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        unsafe piece?.pointee = UnsafeRawPointer(buffer.baseAddress)
        return unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }

    fileprivate func skip(_ count: Int64) -> Int64 {
        let here = lseek(descriptor, 0, SEEK_CUR)
        let end = lseek(descriptor, 0, SEEK_END)
        let there = min(here + Int(count), end)
        lseek(descriptor, there, SEEK_SET)
        return Int64(there - here)
    }
}

private func readBytes(
    _ archive: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ piece: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
    guard let context = unsafe context else { return -1 }
    return unsafe Unmanaged<ArchiveIndex>.fromOpaque(context).takeUnretainedValue().read(piece)
}

private func skipBytes(_ archive: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ count: Int64) -> Int64 {
    guard let context = unsafe context else { return 0 }
    return unsafe Unmanaged<ArchiveIndex>.fromOpaque(context).takeUnretainedValue().skip(count)
}
