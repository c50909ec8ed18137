import Glibc
import Model

/// The stored bytes of a blob: a range of a file, or what a pipe holds. Hashes what it reads.
@safe final class Blob: ByteStream {
    private let descriptor: Int32
    private let size: Int64
    private let isPipe: Bool
    private var position: Int64
    private(set) var remaining: Int64
    private(set) var digest = Sha256()
    private let buffer: UnsafeMutableRawBufferPointer

    /// `offset` is ignored for a pipe, which is read from where it stands.
    init(descriptor: Int32, offset: Int64, size: Int64) throws {
        guard offset >= 0, size >= 0, !offset.addingReportingOverflow(size).overflow else {
            throw AgentError(.imageInvalid, "a blob of \(size) bytes at \(offset) can't be")
        }
        self.descriptor = descriptor
        self.size = size
        isPipe = lseek(descriptor, 0, SEEK_CUR) < 0 && errno == ESPIPE
        position = offset
        remaining = size
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
    }

    deinit { unsafe buffer.deallocate() }

    func next() throws -> UnsafeRawBufferPointer {
        guard remaining > 0 else { return unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<0]) }
        let count = try unsafe readOnce(min(buffer.count, Int(remaining)))
        position += Int64(count)
        remaining -= Int64(count)
        let piece = unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<count])
        unsafe digest.update(piece)
        return unsafe piece
    }

    private func readOnce(_ most: Int) throws -> Int {
        while true {
            let count =
                unsafe isPipe
                ? read(descriptor, buffer.baseAddress, most)
                : pread(descriptor, buffer.baseAddress, most, Int(position))
            if count > 0 { return count }
            if count == 0 {
                throw AgentError(
                    .imageInvalid, "the blob is cut off: it should have \(size) bytes and has \(size - remaining)")
            }
            if errno != EINTR { throw failure("read", "the blob") }
        }
    }
}
