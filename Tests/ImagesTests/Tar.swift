/// Writes tar archives byte by byte, hostile ones too.
struct Tar {
    private(set) var bytes: [UInt8] = []

    enum Kind: UInt8 {
        case file = 0x30
        case hardLink, symlink, character, block, directory, fifo
        case pax = 0x78
    }

    /// `pax` are the records of an extended header in front of the entry.
    mutating func add(
        _ name: String, _ kind: Kind = .file, _ content: [UInt8] = [], link: String = "", mode: Int = 0o644,
        uid: Int = 0,
        time: Int = 1000, device: (Int, Int) = (0, 0), pax: [(String, [UInt8])] = []
    ) {
        if !pax.isEmpty { add("pax", .pax, pax.flatMap { Self.record($0.0, $0.1) }) }
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ offset: Int, _ text: String) {
            for (i, byte) in text.utf8.enumerated() { header[offset + i] = byte }
        }
        put(0, String(name.prefix(100)))  // name
        put(100, Self.octal(mode, 7))  // mode
        put(108, Self.octal(uid, 7))  // uid
        put(116, Self.octal(uid, 7))  // gid
        put(124, Self.octal(content.count, 11))  // size
        put(136, Self.octal(time, 11))  // mtime
        put(148, "        ")  // checksum
        header[156] = kind.rawValue  // typeflag
        put(157, String(link.prefix(100)))  // linkname
        put(257, "ustar")  // magic
        put(263, "00")  // version
        put(329, Self.octal(device.0, 7))  // devmajor
        put(337, Self.octal(device.1, 7))  // devminor
        put(148, Self.octal(header.reduce(0) { $0 + Int($1) }, 6))
        header[154] = 0
        bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The archive with its end mark.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    private static func octal(_ number: Int, _ width: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// `LENGTH KEY=VALUE\n`, where LENGTH counts itself.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = key.utf8.count + value.count + 3
        var length = rest + 1
        while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
        return Array("\(length) \(key)=".utf8) + value + [0x0A]
    }
}
