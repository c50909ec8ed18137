/// How to open a file: `O_*` of `<fcntl.h>`. Close-on-exec is always added.
public struct OpenFlags: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let readOnly: OpenFlags = []
    public static let writeOnly = OpenFlags(rawValue: 0o1)
    public static let readWrite = OpenFlags(rawValue: 0o2)
    public static let create = OpenFlags(rawValue: 0o100)
    public static let exclusive = OpenFlags(rawValue: 0o200)
    public static let noTerminal = OpenFlags(rawValue: 0o400)
    public static let truncate = OpenFlags(rawValue: 0o1000)
    /// A file without a name in the directory that is opened; it goes with its last descriptor (`O_TMPFILE`).
    #if arch(arm64)
        public static let temporary = OpenFlags(rawValue: 0o20040000)
    #else
        public static let temporary = OpenFlags(rawValue: 0o20200000)
    #endif
    public static let append = OpenFlags(rawValue: 0o2000)
    public static let nonblocking = OpenFlags(rawValue: 0o4000)
    #if arch(arm64)
        public static let directory = OpenFlags(rawValue: 0o40000)
        public static let noFollow = OpenFlags(rawValue: 0o100000)
    #else
        public static let directory = OpenFlags(rawValue: 0o200000)
        public static let noFollow = OpenFlags(rawValue: 0o400000)
    #endif
    /// Only a name for the file: nothing can be read through it.
    public static let path = OpenFlags(rawValue: 0o10000000)
}

/// How the kernel may walk a path: `RESOLVE_*` of `<linux/openat2.h>`.
public struct Resolve: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let noCrossing = Resolve(rawValue: 0x01)
    public static let noMagicLinks = Resolve(rawValue: 0x02)
    public static let noSymlinks = Resolve(rawValue: 0x04)
    /// A path that leaves the directory is refused with EXDEV.
    public static let beneath = Resolve(rawValue: 0x08)
    /// The directory is the root of the walk, as after chroot.
    public static let inRoot = Resolve(rawValue: 0x10)
}

/// `AT_*` of `<fcntl.h>`.
enum Lookup {
    static let workingDirectory: Int32 = -100
    static let noFollow: Int32 = 0x100
    static let removeDirectory: Int32 = 0x200
    static let emptyPath: Int32 = 0x1000
    static let recursive: Int32 = 0x8000
}
