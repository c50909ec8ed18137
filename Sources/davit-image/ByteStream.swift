import Glibc

/// A source of bytes in pieces.
protocol ByteStream: AnyObject {
    /// The next piece, valid until the next call; empty at the end. Blocks.
    func next() throws -> UnsafeRawBufferPointer
}

/// The bytes of a pipe or a file from where it stands to its end.
@safe final class OpenStream: ByteStream {
    private let descriptor: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { unsafe buffer.deallocate() }

    func next() throws -> UnsafeRawBufferPointer {
        while true {
            let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<count]) }
            if errno != EINTR { throw failure("read", "the archive") }
        }
    }
}

/// The size of every buffer here: large enough that a system call's price vanishes, small enough for the cache.
let pieceSize = 256 << 10
