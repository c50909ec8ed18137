/// A source of bytes in pieces.
protocol ByteStream: AnyObject {
    /// The next piece, valid until the next call; empty at the end. Blocks.
    func next() throws -> UnsafeRawBufferPointer
}

/// The size of every buffer here: large enough that a system call's price vanishes, small enough for the cache.
let pieceSize = 256 << 10
