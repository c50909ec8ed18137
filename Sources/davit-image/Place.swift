import CArchive
import CLinux
import Glibc
import Model

/// Where an entry goes: an open directory and one name in it, so that no link can lead elsewhere.
struct Place {
    /// Borrowed; opened with O_PATH.
    let directory: Int32
    let name: [CChar]

    private static let opaque = "trusted.overlay.opaque"

    /// What is there, links not followed; `nil` if nothing is.
    func status() throws -> stat? {
        var status = stat()
        if unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        guard errno == ENOENT else { throw failure("fstatat", shown(name)) }
        return nil
    }

    /// Makes a thing by `call`, which answers a descriptor, 0 or a negative errno; clears the place first if need be.
    func make(_ call: String, replacing tree: Tree, _ body: (Place) -> Int32) throws -> Int32 {
        var result = body(self)
        if result == -EEXIST {
            try tree.clear(self)
            result = body(self)
        }
        guard result >= 0 else { throw failure(call, shown(name), result) }
        return result
    }

    func openDirectory() throws -> Int32 {
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        let descriptor = unsafe davit_openat2(directory, name, flags, 0, Resolve.strictly)
        guard descriptor >= 0 else { throw failure("openat2", shown(name), descriptor) }
        return descriptor
    }

    func remove(_ flags: Int32 = 0) throws {
        let result = unsafe davit_unlinkat(directory, name, flags)
        guard result == 0 else { throw failure("unlinkat", shown(name), result) }
    }

    func own(_ uid: UInt32, _ gid: UInt32) throws {
        let result = unsafe davit_fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW)
        guard result == 0 else { throw failure("fchownat", shown(name), result) }
    }

    /// Not for links.
    func setMode(_ mode: UInt32) throws {
        let result = unsafe davit_fchmodat(directory, name, mode)
        guard result == 0 else { throw failure("fchmodat", shown(name), result) }
    }

    func setTimes(_ time: timespec) {
        unsafe [time, time].withUnsafeBufferPointer {
            _ = unsafe utimensat(directory, name, $0.baseAddress, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// Hides what the layers below have in this directory.
    func hideBelow() throws {
        let descriptor = try openDirectory()
        defer { close(descriptor) }
        guard unsafe fsetxattr(descriptor, Self.opaque, "y", 1, 0) == 0 else { throw failure("fsetxattr", Self.opaque) }
    }
}

extension stat {
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    /// A character device 0:0, as overlayfs has it.
    var isWhiteout: Bool { st_mode & S_IFMT == S_IFCHR && st_rdev == 0 }
}
