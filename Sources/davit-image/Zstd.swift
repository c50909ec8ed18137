import CZstd
import Model

/// Uncompresses zstd, one frame or several.
@safe final class Zstd: ByteStream {
    /// 2^25 bytes: what a window may take, so that the helper stays below 64 MiB. `zstd --ultra -22` needs 27.
    private static let largestWindow: Int32 = 25

    private let blob: any ByteStream
    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    private var input = unsafe ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    private var withinFrame = false

    init(_ blob: any ByteStream) throws {
        guard let context = unsafe ZSTD_createDCtx() else { throw AgentError(.hostFailed, "zstd did not start") }
        self.blob = blob
        unsafe self.context = unsafe context
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
        unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindow)
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
        unsafe buffer.deallocate()
    }

    func next() throws -> UnsafeRawBufferPointer {
        var output = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while unsafe output.pos == 0 {
            guard try refill() else { break }
            try unsafe decompressOnce(&output)
        }
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<output.pos])
    }

    /// Whether there may be anything left to uncompress.
    private func refill() throws -> Bool {
        guard unsafe input.pos == input.size else { return true }
        let piece = try unsafe blob.next()
        guard unsafe !piece.isEmpty else {
            if withinFrame { throw AgentError(.imageInvalid, "the zstd data of the layer is cut off") }
            return false
        }
        unsafe input = unsafe ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
        return true
    }

    private func decompressOnce(_ output: inout ZSTD_outBuffer) throws {
        let result = unsafe ZSTD_decompressStream(context, &output, &input)
        guard ZSTD_isError(result) == 0 else {
            let reason = unsafe String(cString: ZSTD_getErrorName(result))
            let code = UInt32(truncatingIfNeeded: 0 &- Int(result))
            throw code == ZSTD_error_frameParameter_windowTooLarge.rawValue
                ? AgentError(.imageTooLarge, "the zstd data of the layer needs a window of more than 32 MiB")
                : AgentError(.imageInvalid, "the zstd data of the layer is damaged: \(reason)")
        }
        withinFrame = result != 0
    }
}
