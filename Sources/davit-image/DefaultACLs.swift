import CLinux
import Glibc
import Model

/// The default ACLs of directories, kept until everything in them is made: what is made in a directory inherits its own.
struct DefaultACLs {
    /// Bytes of paths and values together; more is refused with `image.too_large`.
    private static let limit = 1 << 20

    private var all: [(path: EntryPath, attribute: Entry.Attribute)] = []
    private var size = 0

    mutating func add(_ path: EntryPath, _ attribute: Entry.Attribute) throws {
        size += path.parent.count + path.name.count + attribute.value.count
        guard size < Self.limit else {
            throw AgentError(.imageTooLarge, "the layer has too many directories with a default ACL")
        }
        all.append((path, attribute))
    }

    /// Sets them all. A directory that was replaced by something else later in the archive is passed over.
    func apply(below root: Int32) throws {
        for (path, attribute) in all {
            let flags = UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let descriptor = unsafe davit_openat2(root, path.whole, flags, 0, Resolve.inRoot)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            try attribute.set(on: descriptor, path)
        }
    }
}
