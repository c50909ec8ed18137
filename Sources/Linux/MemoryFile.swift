internal import CLinux

/// Files that exist only in memory.
public enum MemoryFile {
    /// A file with these bytes that nobody can change any more (`memfd_create`, all seals), position 0.
    public static func sealed(_ bytes: [UInt8], name: String = "davit") throws(Errno) -> FileDescriptor {
        let name = try plain(name)
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            var none: UInt8 = 0
            guard let base = buffer.baseAddress else { return unsafe davit_sealed_memory(name, &none, 0) }
            return unsafe davit_sealed_memory(name, base, buffer.count)
        }
        return FileDescriptor(owning: try check(result))
    }
}
