/// What this process's mount table says of the mount that a file lies on (`/proc/self/mountinfo`).
public struct HostMount: Sendable, Hashable {
    public var point: String
    /// Such as `ext4`.
    public var fileSystem: String
    /// Whether mounts made below it appear in its copies.
    public var isShared: Bool
    /// Whether mounts made below its master appear below it.
    public var isSlave: Bool

    /// Looks an open file's mount up; `nil` when it is on none that this process sees. Reads the whole table.
    public init?(of file: borrowing some OpenFile & ~Copyable) throws(Errno) {
        let thread = try Directory(path: "/proc/thread-self")
        let info = try Self.lines(of: thread.read("fdinfo/\(file.rawValue)", limit: 65536))
        guard let number = info.first(where: { $0.first == "mnt_id:" })?.last else { return nil }
        let table = try Self.table(thread)
        guard let line = table.first(where: { $0.first == number }), let mount = Self(line) else { return nil }
        self = mount
    }

    /// The mounts below a path.
    public static func below(_ path: String) throws(Errno) -> [HostMount] {
        let prefix = path == "/" ? "/" : path + "/"
        return try table(Directory(path: "/proc/thread-self")).compactMap(Self.init).filter {
            $0.point.hasPrefix(prefix) && $0.point != "/"
        }
    }

    /// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`: see proc_pid_mountinfo(5).
    init?(_ words: [Substring]) {
        guard words.count > 6, let dash = words.dropFirst(6).firstIndex(of: "-"), dash + 1 < words.count else {
            return nil
        }
        point = Self.plain(words[4])
        fileSystem = String(words[dash + 1])
        isShared = words[6..<dash].contains { $0.hasPrefix("shared:") }
        isSlave = words[6..<dash].contains { $0.hasPrefix("master:") }
    }

    private static func table(_ thread: Directory) throws(Errno) -> [[Substring]] {
        lines(of: try thread.read("mountinfo", limit: 64 << 20))
    }

    private static func lines(of bytes: [UInt8]) -> [[Substring]] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            $0.split { $0 == " " || $0 == "\t" }
        }
    }

    /// Blanks, backslashes and the like are written as three octal digits.
    private static func plain(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
