internal import CLinux

/// Something that names an open file of this process: ``FileDescriptor`` or ``Descriptor``.
public protocol OpenFile: ~Copyable {
    /// The number, 0 or more. Valid while the owner lives.
    var rawValue: Int32 { get }
}

/// The one owner of an open file: closed when the value goes. Close-on-exec from birth.
public struct FileDescriptor: ~Copyable, Sendable, OpenFile {
    public let rawValue: Int32

    /// Takes over `rawValue`, which nobody else may close.
    public init(owning rawValue: Int32) { self.rawValue = rawValue }

    deinit { _ = davit_close(rawValue) }

    /// Gives the number away; the caller closes it.
    public consuming func take() -> Int32 {
        let number = rawValue
        discard self
        return number
    }

    /// Closes now and tells of a write error the file system kept back (the C function `close`, never repeated).
    public consuming func close() throws(Errno) {
        let result = davit_close(rawValue)
        discard self
        try check(result)
    }

    /// Turns this into a shared owner.
    public consuming func shared() -> Descriptor { Descriptor(owning: take()) }
}

/// A shared owner of an open file: closed when the last reference goes. Travels between actors.
public final class Descriptor: Sendable, OpenFile, CustomStringConvertible {
    public let rawValue: Int32

    public init(taking descriptor: consuming FileDescriptor) { rawValue = descriptor.take() }

    /// Takes over `rawValue`, which nobody else may close.
    public init(owning rawValue: Int32) { self.rawValue = rawValue }

    deinit { _ = davit_close(rawValue) }

    public var description: String { "fd \(rawValue)" }
}
