internal import CLinux

/// The reason the kernel gave for refusing a system call.
public struct Errno: Error, RawRepresentable, Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The positive number of `<errno.h>`.
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The symbolic name, as `ENOENT`.
    public var name: String { unsafe String(cString: davit_error_name(rawValue)) }

    /// Name and words, as `ENOENT (No such file or directory)`.
    public var description: String { unsafe "\(name) (\(String(cString: davit_error_text(rawValue))))" }

    public static let notPermitted = Errno(rawValue: 1)
    public static let noSuchFile = Errno(rawValue: 2)
    public static let noSuchProcess = Errno(rawValue: 3)
    public static let interrupted = Errno(rawValue: 4)
    public static let inputOutput = Errno(rawValue: 5)
    public static let argumentsTooLong = Errno(rawValue: 7)
    public static let notExecutable = Errno(rawValue: 8)
    public static let badDescriptor = Errno(rawValue: 9)
    public static let noChild = Errno(rawValue: 10)
    public static let wouldBlock = Errno(rawValue: 11)
    public static let noMemory = Errno(rawValue: 12)
    public static let accessDenied = Errno(rawValue: 13)
    public static let busy = Errno(rawValue: 16)
    public static let exists = Errno(rawValue: 17)
    public static let crossDevice = Errno(rawValue: 18)
    public static let noDevice = Errno(rawValue: 19)
    public static let notDirectory = Errno(rawValue: 20)
    public static let isDirectory = Errno(rawValue: 21)
    public static let invalid = Errno(rawValue: 22)
    public static let tooManyFiles = Errno(rawValue: 24)
    public static let fileTooLarge = Errno(rawValue: 27)
    public static let noSpace = Errno(rawValue: 28)
    public static let readOnlyFileSystem = Errno(rawValue: 30)
    public static let brokenPipe = Errno(rawValue: 32)
    public static let outOfRange = Errno(rawValue: 34)
    public static let nameTooLong = Errno(rawValue: 36)
    public static let notImplemented = Errno(rawValue: 38)
    public static let notEmpty = Errno(rawValue: 39)
    public static let tooManyLinks = Errno(rawValue: 40)
    public static let noData = Errno(rawValue: 61)
    public static let overflow = Errno(rawValue: 75)
    public static let restart = Errno(rawValue: 85)
    public static let messageTooLong = Errno(rawValue: 90)
    public static let notSupported = Errno(rawValue: 95)
    public static let addressInUse = Errno(rawValue: 98)
    public static let addressNotAvailable = Errno(rawValue: 99)
    public static let connectionReset = Errno(rawValue: 104)
    public static let noBuffers = Errno(rawValue: 105)
    public static let notConnected = Errno(rawValue: 107)
    public static let timedOut = Errno(rawValue: 110)
    public static let connectionRefused = Errno(rawValue: 111)
    public static let inProgress = Errno(rawValue: 115)
}

/// Turns a negative result of CLinux into an error; interrupted calls were made again there.
@discardableResult
func check<Result: FixedWidthInteger & SignedInteger>(_ result: Result) throws(Errno) -> Result {
    guard result < 0 else { return result }
    throw Errno(rawValue: Int32(truncatingIfNeeded: 0 - result))
}

/// A text the kernel reads up to its first NUL must not hold one: what was checked and what is used would differ.
func plain(_ text: String) throws(Errno) -> String {
    for byte in text.utf8 where byte == 0 { throw Errno.invalid }
    return text
}
