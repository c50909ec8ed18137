import CArchive
import Model

/// Reads a layer's tar by libarchive, entry by entry.
@safe final class LayerArchive {
    private let stream: any ByteStream
    private let archive: OpaquePointer
    /// What the stream threw while libarchive was reading: libarchive itself can only say "failed".
    private var streamError: (any Error)?

    init(_ stream: any ByteStream) throws {
        guard let archive = unsafe archive_read_new() else { throw AgentError(.hostFailed, "libarchive did not start") }
        self.stream = stream
        unsafe self.archive = unsafe archive
        unsafe archive_read_support_format_tar(archive)
        unsafe archive_read_support_format_empty(archive)
        // Unretained: the archive is freed in deinit, before this object goes.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe check(archive_read_open(archive, context, nil, nextPiece, nil))
    }

    deinit { unsafe archive_read_free(archive) }

    /// `nil` at the end of the archive.
    func next() throws -> Entry? {
        var entry: OpaquePointer?
        let result = unsafe archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF, streamError == nil { return nil }
        try check(result)
        return try unsafe entry.map { try unsafe Entry($0) }
    }

    /// The content of the current entry, piece by piece, each with where it belongs; what is left out is a hole.
    func content(_ each: (UnsafeRawBufferPointer, Int64) throws -> Void) throws {
        while true {
            var bytes: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let result = unsafe archive_read_data_block(archive, &bytes, &count, &offset)
            if result == ARCHIVE_EOF, streamError == nil { return }
            try check(result)
            try unsafe each(UnsafeRawBufferPointer(start: bytes, count: count), offset)
        }
    }

    /// A warning is no error: in the C locale, which keeps the bytes of names as they are, every UTF-8 name gives one.
    private func check(_ result: Int32) throws {
        if let error = streamError { throw error }
        guard result != ARCHIVE_OK, result != ARCHIVE_WARN else { return }
        let reason = unsafe archive_error_string(archive).map { unsafe String(cString: $0) } ?? "no reason given"
        throw AgentError(.imageInvalid, "the layer is no readable tar archive: \(reason)")
    }

    fileprivate func readPiece(_ piece: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        do {
            let bytes = try unsafe stream.next()
            unsafe piece?.pointee = bytes.baseAddress
            return bytes.count
        } catch {
            streamError = error
            return -1
        }
    }
}

private func nextPiece(
    _ archive: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ piece: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
    guard let context = unsafe context else { return -1 }
    return unsafe Unmanaged<LayerArchive>.fromOpaque(context).takeUnretainedValue().readPiece(piece)
}
