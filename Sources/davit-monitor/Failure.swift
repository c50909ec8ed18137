internal import CLinux

/// A system call that was refused.
struct Failure: Error {
    /// Its errno.
    let number: Int32
    /// The step of the plan, counted from 0; -1 when none was to blame.
    var step = -1

    static let noSuchFile: Int32 = 2
    static let wouldBlock: Int32 = 11
    static let exists: Int32 = 17
    static let notDirectory: Int32 = 20
    static let invalid: Int32 = 22
    static let tooLong: Int32 = 90
    static let tooManyLinks: Int32 = 40
}

/// Turns a negative result of CLinux into an error.
@discardableResult
func check(_ result: Int32) throws(Failure) -> Int32 {
    guard result < 0 else { return result }
    throw Failure(number: 0 - result)
}

/// Numbers of the kernel's headers.
enum Kernel {
    static let workingDirectory: Int32 = -100
    static let emptyPath: UInt32 = 0x1000
    static let recursive: UInt32 = 0x8000
    static let cloneTree: UInt32 = 1
    static let fromEmptyPath: UInt32 = 0x4
    static let toEmptyPath: UInt32 = 0x40
    static let privatePropagation: UInt64 = 0x40000
    static let slavePropagation: UInt64 = 0x80000
    static let sharedPropagation: UInt64 = 0x100000
    static let newNetwork: Int32 = 0x4000_0000

    static let writeOnly: Int32 = 0o1
    static let readWrite: Int32 = 0o2
    static let create: Int32 = 0o100
    static let truncate: Int32 = 0o1000
    static let append: Int32 = 0o2000
    static let pathOnly: UInt64 = 0o10000000
    #if arch(arm64)
        static let noFollow: Int32 = 0o100000
    #else
        static let noFollow: Int32 = 0o400000
    #endif

    static let readable: Int16 = 1
    static let writable: Int16 = 4
}
