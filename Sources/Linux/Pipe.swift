internal import CLinux

/// The two ends of a pipe (`pipe2`).
public struct Pipe: ~Copyable, Sendable {
    public var reader: FileDescriptor
    public var writer: FileDescriptor

    /// `nonblocking` goes for both ends.
    public init(nonblocking: Bool = false) throws(Errno) {
        var (a, b): (Int32, Int32) = (-1, -1)
        try check(unsafe davit_pipe(nonblocking ? OpenFlags.nonblocking.rawValue : 0, &a, &b))
        reader = FileDescriptor(owning: a)
        writer = FileDescriptor(owning: b)
    }

    /// Both ends, each with its own owner.
    public consuming func ends() -> (reader: Descriptor, writer: Descriptor) {
        (reader.shared(), writer.shared())
    }
}
