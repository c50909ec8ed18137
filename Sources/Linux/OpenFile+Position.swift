internal import CLinux

extension OpenFile where Self: ~Copyable {
    /// At most `count` bytes from `offset` on (`pread`); empty at the end. The file's position does not move.
    public func read(at offset: Int64, upTo count: Int) throws(Errno) -> [UInt8] {
        var result: Int64 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            result = unsafe davit_pread(rawValue, base, buffer.count, offset)
            used = max(0, Int(result))
        }
        try check(result)
        return bytes
    }

    /// Writes once at `offset`, as much as the kernel takes (`pwrite`). The file's position does not move.
    @discardableResult
    public func write(_ bytes: [UInt8], at offset: Int64) throws(Errno) -> Int {
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int64(0) }
            return unsafe davit_pwrite(rawValue, base, buffer.count, offset)
        }
        return Int(try check(result))
    }
}
