internal import CLinux

/// The name of a directory's entry as the kernel has it: bytes, NUL at the end.
struct FileName {
    var bytes: [CChar]
    var mayBeDirectory = true

    init(_ text: String) { bytes = text.utf8.map { CChar(bitPattern: $0) } + [0] }

    init(bytes: [CChar], type: UInt8) {
        self.bytes = bytes
        // DT_UNKNOWN and DT_DIR
        mayBeDirectory = type == 0 || type == 4
    }

    /// A name that isn't there is fine.
    func remove(from parent: Descriptor, isDirectory: Bool) throws(Errno) {
        let result = unsafe davit_unlinkat(parent.rawValue, bytes, isDirectory ? Lookup.removeDirectory : 0)
        if result != -Errno.noSuchFile.rawValue { try check(result) }
    }

    func move(from parent: Descriptor, to name: FileName, in target: Descriptor) throws(Errno) {
        try check(unsafe davit_renameat2(parent.rawValue, bytes, target.rawValue, name.bytes, 1))
    }

    /// The directory of this name; `nil` when it is something else or gone.
    func enter(_ parent: Descriptor) throws(Errno) -> Descriptor? {
        let flags = OpenFlags([.directory, .noFollow]).rawValue
        let result = unsafe davit_openat(parent.rawValue, bytes, flags, 0)
        let absent: [Errno] = [.noSuchFile, .notDirectory, .tooManyLinks]
        if result < 0, absent.contains(Errno(rawValue: -result)) { return nil }
        return Descriptor(owning: try check(result))
    }

    /// Some names of a directory, beginning where the last call on the same descriptor ended; empty at the end.
    static func some(of listing: Descriptor) throws(Errno) -> [FileName] {
        var found: [FileName] = []
        var read: Int32 = 1
        while found.isEmpty, read > 0 {
            // The pointer is used only during the call, which makes all the callbacks.
            read = unsafe withUnsafeMutablePointer(to: &found) { pointer in
                unsafe davit_list(
                    listing.rawValue,
                    { context, name, type in
                        guard let found = unsafe context?.assumingMemoryBound(to: [FileName].self) else { return }
                        unsafe found.pointee.append(FileName(bytes: copy(of: name), type: type))
                    }, pointer)
            }
            try check(read)
        }
        return found
    }
}

/// The bytes of a C string with the NUL.
private func copy(of text: UnsafePointer<CChar>) -> [CChar] {
    var count = 0
    while unsafe text[count] != 0 { count += 1 }
    return unsafe [CChar](UnsafeBufferPointer(start: text, count: count + 1))
}
