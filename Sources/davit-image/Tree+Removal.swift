import CLinux
import Glibc
import Model

extension Tree {
    /// Removes a directory and all that is in it, with two open directories however deep it is.
    func removeTree(_ place: Place) throws {
        var names = [place.name]
        var current = try place.openDirectory()
        defer { close(current) }
        while let name = names.last {
            if let child = try Self.removeFiles(current) {
                names.append(child)
                try Self.move(&current, to: Place(directory: current, name: child).openDirectory())
                continue
            }
            names.removeLast()
            try Self.leave(&current, to: names.isEmpty ? place.directory : nil, removing: name)
        }
    }

    /// Removes every file here; answers a directory that is left, or `nil` if it is empty now.
    private static func removeFiles(_ directory: Int32) throws -> [CChar]? {
        while true {
            let names = try list(directory)
            guard !names.isEmpty else { return nil }
            for name in names {
                let result = unsafe davit_unlinkat(directory, name, 0)
                if result == -EISDIR { return name }
                guard result == 0 else { throw failure("unlinkat", shown(name), result) }
            }
        }
    }

    /// Goes to the directory above (`top` where that is known) and removes the one that was left.
    private static func leave(_ current: inout Int32, to top: Int32?, removing name: [CChar]) throws {
        if top == nil {
            let flags = UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            let above = unsafe davit_openat2(current, "..", flags, 0, 0)
            guard above >= 0 else { throw failure("openat2", "..", above) }
            move(&current, to: above)
        }
        try Place(directory: top ?? current, name: name).remove(AT_REMOVEDIR)
    }

    private static func move(_ current: inout Int32, to next: Int32) {
        close(current)
        current = next
    }

    private final class Names { var names: [[CChar]] = [] }

    /// Some of the names in a directory, from its beginning; none if it is empty.
    private static func list(_ directory: Int32) throws -> [[CChar]] {
        let found = Names()
        lseek(directory, 0, SEEK_SET)
        let context = unsafe Unmanaged.passUnretained(found).toOpaque()
        while found.names.isEmpty {
            let result = unsafe davit_list(directory, collect, context)
            guard result >= 0 else { throw failure("getdents64", "a directory", Int32(result)) }
            if result == 0 { break }
        }
        return found.names
    }

    private static let collect: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>, UInt8) -> Void = {
        context, name, _ in
        guard let context = unsafe context else { return }
        let name = unsafe Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
        unsafe Unmanaged<Names>.fromOpaque(context).takeUnretainedValue().names.append(name)
    }
}
