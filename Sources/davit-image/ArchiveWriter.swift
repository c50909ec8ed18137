import CArchive
import Glibc
import Model

/// Writes a tar archive in the pax form by libarchive, and hashes what it writes.
@safe final class ArchiveWriter {
    private let descriptor: Int32
    private let archive: OpaquePointer
    private let entry: OpaquePointer
    private(set) var digest = Sha256()
    private(set) var bytes: Int64 = 0
    private var writeError: (any Error)?

    init(_ descriptor: Int32) throws {
        self.descriptor = descriptor
        guard let archive = unsafe archive_write_new(), let entry = unsafe archive_entry_new() else {
            throw AgentError(.hostFailed, "libarchive did not start")
        }
        unsafe self.archive = unsafe archive
        unsafe self.entry = unsafe entry
        unsafe archive_write_set_format_pax_restricted(archive)
        unsafe archive_write_set_bytes_per_block(archive, Int32(pieceSize))
        // The archive must be the same wherever it goes, also to a device.
        unsafe archive_write_set_bytes_in_last_block(archive, 1)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe check(archive_write_open(archive, context, nil, takePiece, nil))
    }

    deinit {
        unsafe archive_entry_free(entry)
        unsafe archive_write_free(archive)
    }

    /// Writes the head of an entry; `dress` says what it is.
    func add(_ dress: (EntryHead) throws -> Void) throws {
        unsafe archive_entry_clear(entry)
        try dress(unsafe EntryHead(entry: entry))
        try unsafe check(archive_write_header(archive, entry))
    }

    /// Writes content of the entry that was added last.
    func write(_ content: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < content.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: content[done...])
            let count = unsafe archive_write_data(archive, rest.baseAddress, rest.count)
            guard count > 0 else { return try check(count == 0 ? ARCHIVE_OK : Int32(truncatingIfNeeded: count)) }
            done += count
        }
    }

    /// Writes the archive's end.
    func finish() throws { try unsafe check(archive_write_close(archive)) }

    private func check(_ result: Int32) throws {
        if let error = writeError { throw error }
        guard result != ARCHIVE_OK, result != ARCHIVE_WARN else { return }
        let reason = unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "no reason given"
        throw AgentError(.hostFailed, "the archive can't be written: \(reason)")
    }

    fileprivate func take(_ piece: UnsafeRawBufferPointer) -> Int {
        unsafe digest.update(piece)
        bytes += Int64(piece.count)
        var done = 0
        while done < piece.count {
            let count = unsafe Glibc.write(descriptor, piece.baseAddress.map { unsafe $0 + done }, piece.count - done)
            if count < 0, errno != EINTR {
                writeError =
                    errno == EPIPE
                    ? AgentError(.requestCancelled, "nobody reads the archive any more")
                    : failure("write", "the archive")
                return -1
            }
            done += max(0, count)
        }
        return piece.count
    }
}

/// What stands in front of an entry's content. Paths are bytes that a NUL ends.
@safe struct EntryHead {
    fileprivate let entry: OpaquePointer

    func set(path: [CChar]) { unsafe archive_entry_set_pathname(entry, path) }
    func set(size: Int64) { unsafe archive_entry_set_size(entry, size) }
    func set(hardLink: [CChar]) { unsafe archive_entry_set_hardlink(entry, hardLink) }
    func set(symbolicLink: [CChar]) { unsafe archive_entry_set_symlink(entry, symbolicLink) }

    /// Kind and permissions, times, and the owner as the archive shall have it.
    func set(_ status: stat, uid: Int64, gid: Int64) {
        unsafe archive_entry_set_mode(entry, status.st_mode)
        unsafe archive_entry_set_uid(entry, uid)
        unsafe archive_entry_set_gid(entry, gid)
        unsafe archive_entry_set_mtime(entry, status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        // glibc's gnu_dev_major and gnu_dev_minor, which are inline.
        let device = status.st_rdev
        unsafe archive_entry_set_rdevmajor(entry, (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF)
        unsafe archive_entry_set_rdevminor(entry, device & 0xFF | (device >> 12) & ~0xFF)
    }

    func add(attribute name: [CChar], _ value: ArraySlice<UInt8>) {
        unsafe value.withUnsafeBytes { unsafe archive_entry_xattr_add_entry(entry, name, $0.baseAddress, $0.count) }
    }

    /// Where the content is, when the rest of it is holes.
    func set(pieces: [(start: Int64, count: Int64)]) {
        for piece in pieces { unsafe archive_entry_sparse_add_entry(entry, piece.start, piece.count) }
    }
}

private func takePiece(
    _ archive: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Int {
    guard let context = unsafe context else { return -1 }
    let writer = unsafe Unmanaged<ArchiveWriter>.fromOpaque(context).takeUnretainedValue()
    return unsafe writer.take(UnsafeRawBufferPointer(start: bytes, count: count))
}
