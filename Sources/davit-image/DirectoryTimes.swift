import CLinux
import Glibc
import Model

/// The times of directories, kept until everything in them is made: making a file touches its directory's time.
///
/// One packed list of bytes, so that a hostile archive can't make it large in any other way than by long paths.
struct DirectoryTimes {
    /// Bytes; more is refused with `image.too_large`. About 150,000 directories.
    private static let limit = 12 << 20

    private var paths: [CChar] = []
    private var times: [timespec] = []

    mutating func add(_ path: EntryPath, _ time: timespec) throws {
        guard paths.count + times.count * MemoryLayout<timespec>.size < Self.limit else {
            throw AgentError(.imageTooLarge, "the layer has too many directories")
        }
        paths += path.parent.dropLast()
        if path.parent.count > 1 { paths.append(0x2F) }
        paths += path.name
        times.append(time)
    }

    /// Sets them all. A directory that was replaced by something else later in the archive is passed over.
    func apply(below root: Int32) {
        unsafe paths.withUnsafeBufferPointer { paths in
            guard var path = paths.baseAddress else { return }
            for time in times {
                unsafe set(path, time, below: root)
                unsafe path += strlen(path) + 1
            }
        }
    }

    private func set(_ path: UnsafePointer<CChar>, _ time: timespec, below root: Int32) {
        guard unsafe path.pointee != 0 else { return setTimes(root, time) }
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        let descriptor = unsafe davit_openat2(root, path, flags, 0, Resolve.inRoot)
        guard descriptor >= 0 else { return }
        setTimes(descriptor, time)
        close(descriptor)
    }
}

/// Sets the times of an open file. A time that the file system can't hold is not worth a failure.
func setTimes(_ descriptor: Int32, _ time: timespec) {
    unsafe [time, time].withUnsafeBufferPointer { _ = unsafe futimens(descriptor, $0.baseAddress) }
}

/// How far a path may reach.
enum Resolve {
    private static let noMagicLinks: UInt64 = 0x02
    private static let noSymlinks: UInt64 = 0x04
    private static let beneath: UInt64 = 0x08

    /// Links are followed as the container would: `/` and `..` end at the root of the layer.
    static let inRoot: UInt64 = 0x10 | noMagicLinks
    /// No links at all.
    static let strictly: UInt64 = beneath | noMagicLinks | noSymlinks
}
