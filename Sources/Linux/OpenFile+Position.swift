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
}
