import CZlib
import Model

/// Uncompresses gzip, one member or several.
@safe final class Gzip: ByteStream {
    private let blob: any ByteStream
    private var state = unsafe z_stream()
    private let buffer: UnsafeMutableRawBufferPointer
    private var withinMember = false

    init(_ blob: any ByteStream) throws {
        self.blob = blob
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
        // 16 + 15: gzip wrapping only, and the largest window (32 KiB).
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(&state, 16 + 15, ZLIB_VERSION, size) == Z_OK else {
            throw AgentError(.hostFailed, "zlib did not start")
        }
    }

    deinit {
        unsafe inflateEnd(&state)
        unsafe buffer.deallocate()
    }

    func next() throws -> UnsafeRawBufferPointer {
        unsafe state.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
        unsafe state.avail_out = UInt32(buffer.count)
        while unsafe state.avail_out == UInt32(buffer.count) {
            guard try refill() else { break }
            try inflateOnce()
        }
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<(buffer.count - Int(state.avail_out))])
    }

    /// Whether there is anything left to uncompress.
    private func refill() throws -> Bool {
        guard unsafe state.avail_in == 0 else { return true }
        let piece = try unsafe blob.next()
        guard unsafe !piece.isEmpty else {
            if withinMember { throw AgentError(.imageInvalid, "the gzip data of the layer is cut off") }
            return false
        }
        unsafe state.next_in = UnsafeMutablePointer(mutating: piece.bindMemory(to: UInt8.self).baseAddress)
        unsafe state.avail_in = UInt32(piece.count)
        return true
    }

    private func inflateOnce() throws {
        withinMember = true
        switch unsafe inflate(&state, Z_NO_FLUSH) {
        case Z_OK, Z_BUF_ERROR: return
        case Z_STREAM_END:
            withinMember = false
            unsafe inflateReset(&state)
        default:
            let reason = unsafe state.msg.map { unsafe String(cString: $0) } ?? "not gzip"
            throw AgentError(.imageInvalid, "the gzip data of the layer is damaged: \(reason)")
        }
    }
}
