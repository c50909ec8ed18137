internal import CLinux

/// An exclusive lock on a file, held while the value lives and released by the kernel if we die (`flock`).
public struct Lock: ~Copyable, Sendable {
    private let file: FileDescriptor

    /// Takes the lock of the open file at once, or returns nil when somebody has it.
    public init?(_ file: consuming FileDescriptor) throws(Errno) {
        let result = davit_flock(file.rawValue, 2 | 4)
        if result == -Errno.wouldBlock.rawValue { return nil }
        try check(result)
        self.file = file
    }

    /// Whether somebody else holds the lock of this open file. The answer may be old when it arrives.
    public static func isHeld(_ file: borrowing FileDescriptor) throws(Errno) -> Bool {
        let result = davit_flock(file.rawValue, 1 | 4)
        if result == -Errno.wouldBlock.rawValue { return true }
        try check(result)
        try check(davit_flock(file.rawValue, 8))
        return false
    }
}
