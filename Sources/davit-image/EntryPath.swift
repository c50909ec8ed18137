import Model

/// A path below the root of a layer, cleaned: no empty, `.` or `..` components, and not absolute.
///
/// Bytes, not text: a file name need not be UTF-8.
struct EntryPath {
    /// What Linux takes, less the NUL.
    static let longest = 4095

    /// The parent's path and the last name, each ended by NUL; both empty for the root itself.
    private(set) var parent: [CChar]
    private(set) var name: [CChar]

    /// Throws `image.layer_refused` for `..` and for what Linux could not hold.
    init(_ text: UnsafePointer<CChar>) throws {
        var clean: [CChar] = []
        var last = 0
        var cursor = unsafe text
        while unsafe cursor.pointee != 0 {
            let length = unsafe Self.componentLength(cursor)
            if length > 0, unsafe !Self.isDot(cursor, length) {
                guard unsafe !Self.isDotDot(cursor, length) else { throw unsafe Self.refused(text, "holds \"..\"") }
                guard length <= 255 else { throw unsafe Self.refused(text, "has a name of more than 255 bytes") }
                if !clean.isEmpty { clean.append(0x2F) }
                last = clean.count
                unsafe clean.append(contentsOf: UnsafeBufferPointer(start: cursor, count: length))
            }
            unsafe cursor += length
            if unsafe cursor.pointee == 0x2F { unsafe cursor += 1 }
        }
        guard clean.count <= Self.longest else { throw unsafe Self.refused(text, "is longer than 4095 bytes") }
        name = Array(clean[last...]) + [0]
        parent = Array(clean[..<max(0, last - 1)]) + [0]
    }

    /// The same path with another first name.
    func renamed(top: [CChar]) -> EntryPath {
        guard !isRoot else { return self }
        var path = self
        if let slash = parent.firstIndex(of: 0x2F) {
            path.parent = top + parent[slash...]
        } else if parent.count > 1 {
            path.parent = top + [0]
        } else {
            path.name = top + [0]
        }
        return path
    }

    var isRoot: Bool { name.count == 1 }

    /// The path in one piece, ended by NUL; `.` for the root.
    var whole: [CChar] {
        guard !isRoot else { return [0x2E, 0] }
        return parent.dropLast() + (parent.count > 1 ? [0x2F] : []) + name
    }

    private static func componentLength(_ text: UnsafePointer<CChar>) -> Int {
        var length = 0
        while unsafe text[length] != 0, unsafe text[length] != 0x2F { length += 1 }
        return length
    }

    private static func isDot(_ text: UnsafePointer<CChar>, _ length: Int) -> Bool {
        unsafe length == 1 && text[0] == 0x2E
    }

    private static func isDotDot(_ text: UnsafePointer<CChar>, _ length: Int) -> Bool {
        unsafe length == 2 && text[0] == 0x2E && text[1] == 0x2E
    }

    private static func refused(_ text: UnsafePointer<CChar>, _ problem: String) -> AgentError {
        AgentError(.imageLayerRefused, "the layer's path \"\(unsafe shown(text))\" \(problem)")
    }
}

extension EntryPath: CustomStringConvertible {
    var description: String {
        let folder = parent.count > 1 ? shown(parent) + "/" : ""
        return isRoot ? "/" : folder + shown(name)
    }
}

extension EntryPath {
    /// What a name says beyond naming a file, in the way of layers.
    enum Marker {
        /// `.wh.NAME`: NAME of the layers below is gone.
        case whiteout([CChar])
        /// `.wh..wh..opq`: everything of the layers below is gone from this directory.
        case opaque
        /// `.wh..wh.` and anything else: notes of a builder for itself.
        case ignored
    }

    /// `nil` for an ordinary name. Throws `image.layer_refused` for a whiteout of nothing, `.` or `..`.
    func marker() throws -> Marker? {
        let prefix = Array(".wh.".utf8).map(CChar.init(bitPattern:))
        guard name.starts(with: prefix) else { return nil }
        let rest = Array(name.dropFirst(prefix.count))
        if rest.starts(with: prefix) {
            return rest.dropLast().elementsEqual(".wh..opq".utf8.map(CChar.init(bitPattern:))) ? .opaque : .ignored
        }
        let dot = CChar(bitPattern: 0x2E)
        guard rest != [0], rest != [dot, 0], rest != [dot, dot, 0] else {
            throw AgentError(.imageLayerRefused, "the layer's whiteout \"\(self)\" names no file")
        }
        return .whiteout(rest)
    }
}

/// A path as a message may show it: cut to a readable length, whatever its bytes.
func shown(_ text: UnsafePointer<CChar>) -> String {
    var length = 0
    while length < 200, unsafe text[length] != 0 { length += 1 }
    let bytes = unsafe UnsafeBufferPointer(start: text, count: length).map(UInt8.init(bitPattern:))
    return String(decoding: bytes, as: UTF8.self)
}

/// The same for bytes that are ended by NUL.
func shown(_ text: [CChar]) -> String {
    String(decoding: text.prefix(200).prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
