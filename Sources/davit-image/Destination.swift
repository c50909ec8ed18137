import CLinux
import Glibc
import Model

/// Where a copy goes, as cp(1) would decide it: into a directory that is there, or to a new name.
struct Destination {
    let directory: Int32
    /// What the thing is to be called there; `nil`: its content goes straight into the directory.
    let name: [CChar]?

    init(_ job: ExtractJob, below root: Int32) throws {
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let found = unsafe davit_openat2(root, job.path.isEmpty ? "." : job.path, flags, 0, Resolve.inRoot)
        if found >= 0 {
            directory = found
            name = job.name?.utf8.map(CChar.init(bitPattern:))
            return
        }
        let parts = job.path.split(separator: "/").map(String.init)
        guard [ENOENT, ENOTDIR].contains(-found), let last = parts.last, last != ".", last != "..",
            found == -ENOENT || !job.path.hasSuffix("/")
        else { throw Self.missing(job.path, found) }
        let parent = parts.dropLast().joined(separator: "/")
        let above = unsafe davit_openat2(root, parent.isEmpty ? "." : parent, flags, 0, Resolve.inRoot)
        guard above >= 0 else { throw Self.missing(job.path, above) }
        guard job.name == nil else {
            guard !job.path.hasSuffix("/") else { throw Self.missing(job.path, found) }
            (directory, name) = (above, last.utf8.map(CChar.init(bitPattern:)))
            return
        }
        defer { close(above) }
        let place = Place(directory: above, name: last.utf8.map(CChar.init(bitPattern:)) + [0])
        try Tree(root: above, keepsKinds: true).makeDirectory(place)
        try place.own(job.firstID, job.firstID)
        directory = try place.openDirectory()
        name = nil
    }

    private static func missing(_ path: String, _ number: Int32) -> AgentError {
        guard [ENOENT, ENOTDIR, ELOOP].contains(abs(number)) else { return failure("openat2", path, number) }
        return AgentError(.pathNotFound, "there is no directory for \"\(path)\" in the container")
    }
}
